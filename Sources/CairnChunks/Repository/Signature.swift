import CairnCore
import CairnCrypto

/// What is signed: short texts, so that no signature can be taken for one of another kind, or of
/// another repository.
enum Statement {
  /// "This blob's content is mine."
  static func content(
    _ kind: SignedBlob.Kind, _ content: RawSpan, in repository: RepositoryID
  ) -> [UInt8] {
    Array(
      "cairn signature 1\n\(kind.rawValue)\n\(repository)\n\(SHA256.hash(of: content))\n".utf8)
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

/// The plaintext of an index blob or root, with the signature of who wrote it in front:
///
///     8 bytes   "CAIRNSGN"
///     4 bytes   version, 1
///     1 byte    1 if an owner signed, 2 if a writer did
///     32 bytes  the key of the authority (Ed25519)
///     96 bytes  for a writer: its key, and the authority's signature of that
///     64 bytes  the signature
///               the content
///
/// The signature is of a ``Statement`` with the kind of blob, the repository and the digest of the
/// content.
enum SignedBlob {
  enum Kind: String {
    case index, root
  }

  static let magic = Array("CAIRNSGN".utf8)
  static let version: UInt32 = 1
  private static let ownerSigned: UInt8 = 1
  private static let writerSigned: UInt8 = 2
  private static let signatureSize = 64

  static func encode(
    _ kind: Kind, _ content: [UInt8], by signer: Signer, authority: VerifyingKey,
    in repository: RepositoryID
  ) throws(CryptoError) -> [UInt8] {
    var writer = BinaryWriter(reserving: content.count + 256)
    writer.append(magic)
    writer.append(version)
    writer.append(signer.certificate == nil ? ownerSigned : writerSigned)
    writer.append(authority.bytes)
    if let certificate = signer.certificate {
      writer.append(signer.key.verifyingKey.bytes)
      writer.append(certificate)
    }
    writer.append(
      try signer.key.sign(Statement.content(kind, content.span.bytes, in: repository)))
    writer.append(content)
    return writer.bytes
  }

  /// The content, and the authority in whose name it was signed.
  ///
  /// - Parameter authorities: the keys that are believed.
  static func decode(
    _ kind: Kind, _ bytes: [UInt8], of blob: BlobName, authorities: [VerifyingKey],
    in repository: RepositoryID
  ) throws(ChunkStoreError) -> (content: [UInt8], authority: VerifyingKey) {
    do {
      var reader = BinaryReader(bytes.span.bytes)
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
      let signature = Array(try reader.readBytes(signatureSize))
      let content = Array(bytes[reader.offset...])
      guard
        key.isValid(signature, of: Statement.content(kind, content.span.bytes, in: repository))
      else { throw ChunkStoreError.damaged(blob, "its signature does not fit its content") }
      return (content, authority)
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw .damaged(blob, "\(error)")
    }
  }
}
