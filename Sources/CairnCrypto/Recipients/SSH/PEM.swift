/// A private key as text: base64 between a line `-----BEGIN …-----` and one `-----END …-----`
/// (RFC 7468; RFC 1421 for the headers that old keys have).
struct PEM {
  /// What stands between `BEGIN` and the dashes, such as `OPENSSH PRIVATE KEY`.
  let label: String
  /// The lines before the first empty one, such as `Proc-Type: 4,ENCRYPTED`; usually none.
  let headers: [String]
  /// What the base64 says.
  let body: SecretBytes

  /// The longest text to read, in bytes. The key of a 16,384-bit RSA modulus takes 13 KiB.
  static let maxCount = 65536

  private static let begin: StaticString = "-----BEGIN "
  private static let end: StaticString = "-----END "
  private static let dashes: StaticString = "-----"

  /// Whether a text may be one of these.
  static func isMeant(by text: RawSpan) -> Bool {
    text.withUnsafeBytes { $0.starts(with: bytes(begin)) }
  }

  /// Reads a text with nothing before its first line, and nothing but white space after its last.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is anything else;
  ///   ``CryptoError/Code/limit`` if it is too long.
  init(_ text: SecretBytes) throws(CryptoError) {
    guard text.count <= Self.maxCount else {
      throw CryptoError(
        .limit,
        "a private key of SSH has at most \(Self.maxCount) bytes, and this text has \(text.count):"
          + " give the file of the key alone")
    }
    self = try text.withUnsafeBytes { (text) throws(CryptoError) in try PEM(parsing: text) }
  }

  private init(parsing text: UnsafeRawBufferPointer) throws(CryptoError) {
    var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { line in line.last == UInt8(ascii: "\r") ? line.dropLast() : line }[...]
    while let last = lines.last, last.allSatisfy({ $0 == UInt8(ascii: " ") }) {
      lines.removeLast()
    }
    guard let label = Self.label(of: lines.popFirst(), after: Self.begin),
      Self.label(of: lines.popLast(), after: Self.end) == label
    else { throw Self.malformed() }
    self.label = label
    headers = try Self.takeHeaders(from: &lines)

    let characters = SecretBytes(count: lines.reduce(0) { $0 + $1.count }) { out in
      var count = 0
      for line in lines {
        for character in line {
          out[count] = character
          count += 1
        }
      }
    }
    let decoded = characters.withBytes { characters -> SecretBytes? in
      // Padding fills the last group of four characters.
      guard characters.byteCount % 4 == 0 else { return nil }
      var count = characters.byteCount
      while count > max(0, characters.byteCount - 2), characters[count - 1] == UInt8(ascii: "=") {
        count -= 1
      }
      return Base64.decodeSecret(characters.extracting(first: count))
    }
    guard let decoded else { throw Self.malformed() }
    body = decoded
  }

  /// The label in the first or the last line.
  private static func label(
    of line: Slice<UnsafeRawBufferPointer>?, after prefix: StaticString
  ) -> String? {
    guard let line, line.count > prefix.utf8CodeUnitCount + dashes.utf8CodeUnitCount,
      line.starts(with: bytes(prefix)),
      line.suffix(dashes.utf8CodeUnitCount).elementsEqual(bytes(dashes))
    else { return nil }
    let label = line.dropFirst(prefix.utf8CodeUnitCount).dropLast(dashes.utf8CodeUnitCount)
    return String(decoding: label, as: UTF8.self)
  }

  private static func takeHeaders(
    from lines: inout ArraySlice<Slice<UnsafeRawBufferPointer>>
  ) throws(CryptoError) -> [String] {
    var headers: [String] = []
    while let line = lines.first, line.contains(UInt8(ascii: ":")) {
      headers.append(String(decoding: line, as: UTF8.self))
      lines.removeFirst()
    }
    if headers.isEmpty { return [] }
    guard let separator = lines.popFirst(), separator.isEmpty else { throw malformed() }
    return headers
  }

  private static func bytes(_ text: StaticString) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  @inline(never)
  private static func malformed() -> CryptoError {
    CryptoError(
      .invalidKey,
      "this private key is incomplete or damaged: it should go from its line -----BEGIN to its line"
        + " -----END, with nothing before or after")
  }
}
