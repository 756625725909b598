import CairnCore
public import CairnCrypto

extension Repository {
  /// - Returns: `nil` if no identity opens it, or it belongs to another repository.
  static func readKey(
    _ name: BlobName, on target: any Target, _ descriptor: Descriptor,
    _ identities: [any Identity]
  ) async throws(ChunkStoreError) -> Access? {
    let bytes = try await target.getNamedByContent(name)
    let text: SecretBytes
    do {
      // A passphrase takes a second of work and much memory, so not on the cooperative pool.
      text = try await ThreadPool.blocking.run { () throws(CryptoError) -> SecretBytes in
        try Age.openSecret(bytes, with: identities)
      }
    } catch {
      switch error.code {
      case .noIdentityMatched: return nil
      case .workFactor, .limit, .library:
        throw ChunkStoreError(.noAccess, "the way in \(name) cannot be used: \(error)", blob: name)
      default: throw .damaged(name, "\(error)")
      }
    }
    return try Access(text, for: descriptor, in: name)
  }

  /// Adds a way in, durable on return.
  @discardableResult
  public func addKey(
    for recipients: [any Recipient], label: String
  ) async throws(ChunkStoreError) -> BlobName {
    try await Self.putKey(access, for: recipients, label: label, on: target)
  }

  static func putKey(
    _ access: Access, for recipients: [any Recipient], label: String, on target: any Target
  ) async throws(ChunkStoreError) -> BlobName {
    guard isLabel(label) else {
      throw ChunkStoreError(
        .invalid,
        "\"\(label)\" cannot be the label of a way in; use letters a to z, digits and \"-\", "
          + "64 at most")
    }
    let sealed: [UInt8]
    do {
      sealed = try await ThreadPool.blocking.run { () throws(CryptoError) -> [UInt8] in
        try access.text.withBytes { (text) throws(CryptoError) in
          try Age.seal(text, to: recipients)
        }
      }
    } catch {
      throw .sealing(error)
    }
    let name = BlobName.key(label: label, SHA256.hash(of: sealed.span.bytes))
    try await target.put(name, BlobSource(sealed))
    return name
  }

  private static func isLabel(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// A way in, as anybody can see it.
  public struct Key: Hashable, Sendable, Codable {
    public let name: BlobName
    public let label: String
    /// The types of the recipients that open it: "X25519", "scrypt".
    public let types: [String]
  }

  /// The ways in.
  public func keys() async throws(ChunkStoreError) -> [Key] {
    var keys: [Key] = []
    for blob in try await target.blobs(BlobFolder.keys) {
      let bytes = try await target.getNamedByContent(blob.name)
      let header: Header?
      do {
        header = try Header.parse(bytes.span.bytes)
      } catch {
        throw .damaged(blob.name, "\(error)")
      }
      keys.append(
        Key(
          name: blob.name, label: String(blob.name.lastPart.dropLast(65)),
          types: header?.stanzas.map(\.type) ?? []))
    }
    return keys
  }

  /// Removes a way in.
  ///
  /// Whoever opened the repository by it before may have kept the repository's keys: this closes
  /// the door, it does not change the lock.
  ///
  /// - Throws: ``ChunkStoreError/Code/invalid`` if it is the last one.
  public func removeKey(_ name: BlobName) async throws(ChunkStoreError) {
    let keys = try await target.blobs(BlobFolder.keys).map(\.name)
    guard keys.contains(name) else {
      throw ChunkStoreError(.notFound, "there is no way in \(name)", blob: name)
    }
    guard keys.count > 1 else {
      throw ChunkStoreError(
        .invalid, "\(name) is the last way in; add another before you remove it", blob: name)
    }
    try await target.delete(name)
  }
}
