/// What a file says about itself to anybody: for whom it is sealed, and how long it is.
///
/// No key was needed to learn it, and nothing of it has been authenticated.
public struct FileSummary: Sendable, Hashable, Codable {
  /// One entry of the header: a recipient, usually.
  public struct StanzaSummary: Sendable, Hashable, Codable {
    /// The type of the stanza, such as `X25519`.
    public let type: String
    /// How many arguments follow the type.
    public let argumentCount: Int
    /// What kind of key or passphrase opens it, in words.
    public let name: String
  }

  /// Whether the file is text, see ``Armor``.
  public internal(set) var isArmored = false
  /// For whom it is sealed, in the order of the header.
  public let stanzas: [StanzaSummary]
  /// Whether it is sealed with a passphrase; then nothing else opens it.
  public let needsPassphrase: Bool
  /// Whether it withstands quantum computers; `nil` if it has recipients of unknown types, and none
  /// that is known not to.
  public let isPostQuantum: Bool?

  /// Bytes of the header, without an armor.
  public let headerByteCount: Int64
  /// Bytes from the nonce to the end, without an armor; `nil` if that is not known.
  public let payloadByteCount: Int64?
  /// Bytes of plaintext; `nil` if that is not known, or no payload has this length: the file is
  /// damaged then.
  public let plainByteCount: Int64?
  /// Bytes that sealing added, without an armor; `nil` if ``plainByteCount`` is.
  public let overheadByteCount: Int64?
  /// Bytes that the armor adds, with all white space around it; 0 without one.
  public internal(set) var armorByteCount: Int64 = 0

  /// Sums up a header.
  ///
  /// - Parameters:
  ///   - header: Of the file.
  ///   - payloadByteCount: How many bytes follow the header, if that is known.
  /// - Precondition: `payloadByteCount` is not negative.
  public init(_ header: Header, payloadByteCount: Int64? = nil) {
    precondition(payloadByteCount ?? 0 >= 0, "a length cannot be negative")
    stanzas = header.stanzas.map { stanza in
      StanzaSummary(
        type: stanza.type, argumentCount: stanza.arguments.count,
        name: RecipientKind(stanzaType: stanza.type).name)
    }
    needsPassphrase = header.stanzas.contains { $0.type == ScryptRecipient.stanzaType }
    isPostQuantum = RecipientKind.arePostQuantum(
      header.stanzas.map { RecipientKind(stanzaType: $0.type) })
    headerByteCount = Int64(header.byteCount)
    self.payloadByteCount = payloadByteCount
    let sealedCount = payloadByteCount.map { $0 - Int64(PayloadKey.nonceSize) }
    plainByteCount = sealedCount.flatMap { Segment.plainCount(forSealed: $0) }
    if let payloadByteCount, let plainByteCount {
      overheadByteCount = headerByteCount + payloadByteCount - plainByteCount
    } else {
      overheadByteCount = nil
    }
  }
}
