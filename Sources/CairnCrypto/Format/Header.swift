/// What stands before the payload: the file key, wrapped for each recipient, and a code that ties
/// it all together (C2SP age.md, "Header").
public struct Header: Sendable {
  /// How much of a header to accept from untrusted storage.
  public struct Limits: Sendable, Hashable {
    /// The longest header, in bytes. The default of 64 KiB has room for 500 recipients.
    public var byteCount: Int
    /// The most stanzas. Each one of its type costs an identity some 100 microseconds to try.
    public var stanzaCount: Int

    /// Makes limits.
    public init(byteCount: Int = 65536, stanzaCount: Int = 1000) {
      self.byteCount = byteCount
      self.stanzaCount = stanzaCount
    }
  }

  /// The wrapped file keys, in the order of the header.
  public let stanzas: [Stanza]
  /// The header as it is stored, from the version line through the line of the code.
  public let bytes: [UInt8]
  /// The code over the header, keyed by the file key.
  let mac: Digest

  /// How many bytes the header takes; the payload's nonce follows.
  public var byteCount: Int { bytes.count }

  /// How a file of any version begins.
  static let program = "age-encryption.org/"
  static let versionLine = program + "v1\n"
  /// How the line of the code begins; the code covers all up to here.
  static let macPrefix = "---"
  /// A space, the code in base64, and the line feed.
  static let macSuffixCount = 1 + Base64.encodedCount(Digest.byteCount) + 1

  init(stanzas: [Stanza], bytes: [UInt8], mac: Digest) {
    self.stanzas = stanzas
    self.bytes = bytes
    self.mac = mac
  }

  /// The code over `covered`, which ends in ``macPrefix``.
  static func authenticate(
    _ covered: ArraySlice<UInt8>, with fileKey: FileKey
  ) throws(CryptoError) -> Digest {
    let key = try HKDFSHA256.deriveKey(
      from: fileKey.secret, salt: RawSpan(), info: "header", count: Digest.byteCount)
    return HMACSHA256.authenticate(covered.span.bytes, key: key)
  }

  @inline(never)
  static func malformed(_ problem: String, line: Int? = nil) -> CryptoError {
    CryptoError(.header, "this is not a sound age file: \(problem)", line: line)
  }

  @inline(never)
  static func truncated() -> CryptoError {
    CryptoError(.header, "the file ends before its payload begins: use a whole copy")
  }
}
