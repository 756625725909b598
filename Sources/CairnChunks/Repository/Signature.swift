import CairnCore
import CairnCrypto

/// What is signed: short texts, so that no signature can be taken for one of another kind, or of
/// another repository.
enum Statement {
  /// "This blob's content is mine."
  static func content(
    _ kind: SignedBlob.Kind, _ content: Digest, in repository: RepositoryID
  ) -> [UInt8] {
    Array("cairn signature 1\n\(kind.rawValue)\n\(repository)\n\(content)\n".utf8)
  }

  /// "This key belongs to a writer of the repository."
  static func certificate(of key: VerifyingKey, in repository: RepositoryID) -> [UInt8] {
    Array("cairn certificate 1\n\(repository)\n\(hex(key.bytes))\n".utf8)
  }

  /// "I gave this access", over the text of an access blob without its last line.
  static func access(_ text: SecretBytes, in repository: RepositoryID) -> [UInt8] {
    Array(
      "cairn access signature 2\n\(repository)\n\(text.withBytes { SHA256.hash(of: $0) })\n".utf8)
  }
}

/// Somebody who may publish: an owner, who has the authority's own key, or a writer, whose key the
/// authority has certified.
struct Signer: Sendable {
  let key: SigningKey
  /// The authority's signature of a writer's key; `nil` for an owner.
  let certificate: [UInt8]?
}

/// The plaintext of an index blob, root or announcement, with the signature of who wrote it:
///
///     8 bytes   "CAIRNSGN"
///     4 bytes   version, 1
///     1 byte    1 if an owner signed, 2 if a writer did
///     32 bytes  the key of the authority (Ed25519)
///     96 bytes  for a writer: its key, and the authority's signature of that
///               the content
///     64 bytes  the signature
///
/// The signature is of a ``Statement`` with the kind of blob, the repository and the digest of the
/// content. It comes last so that a content of any length can be written and read as a stream.
enum SignedBlob {
  enum Kind: String {
    case index, root, announcement
  }

  static let magic = Array("CAIRNSGN".utf8)
  static let version: UInt32 = 1
  private static let ownerSigned: UInt8 = 1
  private static let writerSigned: UInt8 = 2
  static let signatureSize = 64
  /// What stands in front of the content is not longer.
  static let maximumHeadSize = 8 + 4 + 1 + 32 + 32 + signatureSize

  static func encode(
    _ kind: Kind, _ content: [UInt8], by signer: Signer, authority: VerifyingKey,
    in repository: RepositoryID
  ) throws(CryptoError) -> [UInt8] {
    let signature = BlobSignature(kind, by: signer, authority: authority, in: repository)
    signature.update(content.span.bytes)
    return signature.head + content + (try signature.finish())
  }

  /// What stands in front of a content.
  static func encodeHead(by signer: Signer, authority: VerifyingKey) -> [UInt8] {
    var writer = BinaryWriter()
    writer.append(magic)
    writer.append(version)
    writer.append(signer.certificate == nil ? ownerSigned : writerSigned)
    writer.append(authority.bytes)
    if let certificate = signer.certificate {
      writer.append(signer.key.verifyingKey.bytes)
      writer.append(certificate)
    }
    return writer.bytes
  }

  /// What stands in front of a content, checked.
  struct Head {
    /// In whose name it is signed.
    let authority: VerifyingKey
    /// Whose signature must follow.
    let key: VerifyingKey
    let isOwner: Bool
    let byteCount: Int
  }

  /// - Parameters:
  ///   - bytes: those at the front of a blob's plaintext: all, or as many as a head can have.
  ///   - authorities: the keys that are believed.
  static func decodeHead(
    _ bytes: RawSpan, of blob: BlobName, authorities: [VerifyingKey], in repository: RepositoryID
  ) throws(ChunkStoreError) -> Head {
    do {
      var reader = BinaryReader(bytes)
      guard Array(try reader.readBytes(8)) == magic else {
        throw ChunkStoreError.damaged(blob, "nobody has signed it")
      }
      let version = try reader.read(UInt32.self)
      guard version == Self.version else {
        throw ChunkStoreError(
          .newerFormat,
          "\(blob) has a signature of format \(version), newer than this program; "
            + "update it", blob: blob)
      }
      let role = try reader.readUInt8()
      let authorityKey = Array(try reader.readBytes(32))
      guard let authority = authorities.first(where: { $0.bytes == authorityKey }) else {
        throw ChunkStoreError.damaged(blob, "it is signed by somebody who is no owner")
      }
      var key = authority
      switch role {
      case ownerSigned: break
      case writerSigned:
        let writerKey = Array(try reader.readBytes(32))
        let certificate = Array(try reader.readBytes(signatureSize))
        guard let writer = VerifyingKey(writerKey),
          authority.isValid(certificate, of: Statement.certificate(of: writer, in: repository))
        else {
          throw ChunkStoreError.damaged(blob, "it is signed by somebody who may not write")
        }
        key = writer
      default:
        throw ChunkStoreError.damaged(blob, "its signature is of no known kind")
      }
      return Head(
        authority: authority, key: key, isOwner: role == ownerSigned, byteCount: reader.offset)
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw .damaged(blob, "\(error)")
    }
  }

  /// - Parameter signature: the last bytes of the plaintext.
  static func check(
    _ signature: [UInt8], of kind: Kind, _ content: Digest, _ head: Head, in blob: BlobName,
    _ repository: RepositoryID
  ) throws(ChunkStoreError) {
    guard signature.count == signatureSize,
      head.key.isValid(signature, of: Statement.content(kind, content, in: repository))
    else { throw .damaged(blob, "its signature does not fit its content") }
  }

  /// The content, and who signed it.
  ///
  /// - Parameter authorities: the keys that are believed.
  static func decode(
    _ kind: Kind, _ bytes: [UInt8], of blob: BlobName, authorities: [VerifyingKey],
    in repository: RepositoryID
  ) throws(ChunkStoreError) -> (content: [UInt8], head: Head) {
    let head = try decodeHead(
      bytes.span.bytes, of: blob, authorities: authorities, in: repository)
    guard bytes.count >= head.byteCount + signatureSize else {
      throw .damaged(blob, "its signature is cut off")
    }
    let content = Array(bytes[head.byteCount..<bytes.count - signatureSize])
    try check(
      Array(bytes.suffix(signatureSize)), of: kind, SHA256.hash(of: content.span.bytes), head,
      in: blob, repository)
    return (content, head)
  }
}

/// Signs a content as it is written. Used by one thread at a time.
final class BlobSignature {
  /// What is written in front of the content.
  let head: [UInt8]
  private let kind: SignedBlob.Kind
  private let signer: Signer
  private let repository: RepositoryID
  private var hash = SHA256()

  init(
    _ kind: SignedBlob.Kind, by signer: Signer, authority: VerifyingKey, in repository: RepositoryID
  ) {
    self.kind = kind
    self.signer = signer
    self.repository = repository
    head = SignedBlob.encodeHead(by: signer, authority: authority)
  }

  func update(_ content: RawSpan) {
    hash.update(content)
  }

  /// What is written behind the content.
  func finish() throws(CryptoError) -> [UInt8] {
    try signer.key.sign(Statement.content(kind, hash.finalize(), in: repository))
  }
}
