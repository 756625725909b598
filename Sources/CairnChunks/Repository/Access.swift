import CairnCore
import CairnCrypto

/// The secrets that make somebody the owner of a repository, as one way in holds them.
///
/// They are kept in an age file below `keys/`, whose plaintext is itself an identity file of age,
/// so that the age tool alone can open a way in, and with that any pack:
///
///     # cairn access 1
///     # repository <repository id>
///     # descriptor <SHA-256 of the blob "cairn">
///     # access owner
///     # id-key <64 hexadecimal digits>
///     # chunker-key <64 hexadecimal digits>
///     # opens packs and roots
///     AGE-SECRET-KEY-1...
///     # opens index blobs
///     AGE-SECRET-KEY-1...
struct Access: Sendable {
  let repository: RepositoryID
  let descriptorDigest: Digest
  /// Names chunks and authenticates roots.
  let idKey: SecretBytes
  /// The gear table comes from it.
  let chunkerKey: SecretBytes
  let packIdentity: X25519Identity
  let indexIdentity: X25519Identity

  private static let firstLine = "# cairn access 1"

  /// Fresh secrets for a new repository.
  init(for descriptor: Descriptor) throws(ChunkStoreError) {
    repository = descriptor.id
    do {
      descriptorDigest = SHA256.hash(of: Array(descriptor.text.utf8).span.bytes)
      idKey = try SecretBytes(random: 32)
      chunkerKey = try SecretBytes(random: 32)
      packIdentity = try X25519Identity.generate()
      indexIdentity = try X25519Identity.generate()
    } catch {
      throw .sealing(error)
    }
  }

  /// - Returns: `nil` if it belongs to another repository.
  init?(
    _ text: SecretBytes, for descriptor: Descriptor, in blob: BlobName
  ) throws(ChunkStoreError) {
    let fields = try SecretFields(text, in: blob)
    guard let version = fields.text("cairn") else {
      throw .damaged(blob, "it does not hold a way in")
    }
    guard version == "access 1", fields.text("access") == "owner" else {
      throw ChunkStoreError(
        .newerFormat,
        "the way in \(blob) is of a kind that this program does not know; use a newer version",
        blob: blob)
    }
    guard let repository = fields.text("repository").flatMap({ RepositoryID($0) }),
      let digest = fields.text("descriptor").flatMap({ Digest($0) }),
      let idKey = fields.secret("id-key"), let chunkerKey = fields.secret("chunker-key")
    else { throw .damaged(blob, "its fields make no sense") }
    guard repository == descriptor.id else { return nil }
    let identities: [X25519Identity]
    do {
      guard SHA256.hash(of: Array(descriptor.text.utf8).span.bytes) == digest else {
        throw ChunkStoreError.damaged(
          .descriptor, "it is not the one that the repository was created with")
      }
      identities = try fields.identities.map { (text) throws(CryptoError) in
        try X25519Identity(text)
      }
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw .damaged(blob, "\(error)")
    }
    guard identities.count == 2 else { throw .damaged(blob, "its fields make no sense") }
    self.repository = repository
    descriptorDigest = digest
    self.idKey = idKey
    self.chunkerKey = chunkerKey
    packIdentity = identities[0]
    indexIdentity = identities[1]
  }

  /// The plaintext of the way in.
  var text: SecretBytes {
    SecretText.join([
      .text("\(Self.firstLine)\n# repository \(repository)\n# descriptor \(descriptorDigest)\n"),
      .text("# access owner\n# id-key "), .hex(idKey), .text("\n# chunker-key "), .hex(chunkerKey),
      .text("\n# opens packs and roots\n"), .secret(packIdentity.exportText()),
      .text("\n# opens index blobs\n"), .secret(indexIdentity.exportText()), .text("\n"),
    ])
  }

  /// The key of the MAC that roots carry.
  func rootKey() throws(ChunkStoreError) -> SecretBytes {
    do {
      return try HKDFSHA256.deriveKey(
        from: idKey, salt: RawSpan(), info: "cairn root", count: 32)
    } catch {
      throw .sealing(error)
    }
  }
}

/// Text that holds secrets, put together without leaving copies behind.
enum SecretText {
  enum Part {
    case text(String)
    case secret(SecretBytes)
    case hex(SecretBytes)

    var count: Int {
      switch self {
      case .text(let text): text.utf8.count
      case .secret(let secret): secret.count
      case .hex(let secret): secret.count * 2
      }
    }
  }

  static func join(_ parts: [Part]) -> SecretBytes {
    SecretBytes(capacity: parts.reduce(0) { $0 + $1.count }) { output in
      let digits = Array("0123456789abcdef".utf8)
      for part in parts {
        switch part {
        case .text(let text):
          for byte in text.utf8 { output.append(byte) }
        case .secret(let secret):
          secret.withUnsafeBytes { for byte in $0 { output.append(byte) } }
        case .hex(let secret):
          secret.withUnsafeBytes { bytes in
            for byte in bytes {
              output.append(digits[Int(byte >> 4)])
              output.append(digits[Int(byte & 15)])
            }
          }
        }
      }
    }
  }
}

/// The lines of a way in: `# name value`, and identities.
private struct SecretFields {
  private var values: [String: SecretBytes] = [:]
  /// The lines that are not comments.
  private(set) var identities: [SecretBytes] = []

  init(_ text: SecretBytes, in blob: BlobName) throws(ChunkStoreError) {
    text.withUnsafeBytes { bytes in
      for line in bytes.split(separator: UInt8(ascii: "\n")) {
        guard line.starts(with: "# ".utf8) else {
          identities.append(SecretBytes(copying: UnsafeRawBufferPointer(rebasing: line).bytes))
          continue
        }
        let content = line.dropFirst(2)
        guard let space = content.firstIndex(of: UInt8(ascii: " ")) else { continue }
        let name = String(decoding: content[..<space], as: UTF8.self)
        let value = content[content.index(after: space)...]
        values[name] = SecretBytes(copying: UnsafeRawBufferPointer(rebasing: value).bytes)
      }
    }
  }

  /// A field that is not secret.
  func text(_ name: String) -> String? {
    values[name]?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// A field of 32 secret bytes in hexadecimal.
  func secret(_ name: String) -> SecretBytes? {
    guard let value = values[name], value.count == 64 else { return nil }
    return value.withUnsafeBytes { digits -> SecretBytes? in
      func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
      }
      guard digits.allSatisfy({ nibble($0) != nil }) else { return nil }
      return SecretBytes(capacity: 32) { output in
        for position in 0..<32 {
          output.append(nibble(digits[position * 2])! << 4 | nibble(digits[position * 2 + 1])!)
        }
      }
    }
  }
}
