import CairnCore
public import CairnCrypto

/// A commit: a name, a time and the chunk from which everything else is reached.
public struct Root: Hashable, Sendable, Codable, Identifiable {
  /// The SHA-256 of the root's blob; in text 64 hexadecimal digits.
  public let id: Digest
  /// What the host calls it; several roots may share a name.
  public let name: String
  /// When it was published, in nanoseconds since 1970-01-01 00:00 UTC.
  public let time: Int64
  /// Where everything begins.
  public let chunk: ChunkID
  /// The session that published it: 32 hexadecimal digits.
  public let session: String
  /// What the host wants to know of it without reading chunks.
  public let fields: [String: String]

  public init(
    id: Digest, name: String, time: Int64, chunk: ChunkID, session: String,
    fields: [String: String]
  ) {
    self.id = id
    self.name = name
    self.time = time
    self.chunk = chunk
    self.session = session
    self.fields = fields
  }
}

/// The content of the signed age file `roots/<id>`:
///
///     8 bytes   "CAIRNROT"
///     4 bytes   version, 1
///     16 bytes  the session
///     8 bytes   the time, nanoseconds since 1970, signed
///     32 bytes  the id of the chunk
///     counted   the name, UTF-8
///     varint    the number of fields, then per field, by name: counted name, counted value
///     32 bytes  HMAC-SHA256 over the repository id's text and all bytes before
///
/// All numbers little-endian; "counted" is a varint length and that many bytes. The MAC's key is
/// derived from the id key, which readers have too: who may publish is told by the signature.
struct RootContent {
  static let magic = Array("CAIRNROT".utf8)
  static let version: UInt32 = 1

  let name: String
  let time: Int64
  let chunk: ChunkID
  let session: SessionID
  let fields: [String: String]

  func encoded(_ access: Access) throws(ChunkStoreError) -> [UInt8] {
    var writer = BinaryWriter()
    writer.append(Self.magic)
    writer.append(Self.version)
    writer.append(session.bytes)
    writer.append(time)
    chunk.digest.withBytes { writer.append($0) }
    writer.append(counted: name.utf8)
    writer.append(varint: fields.count)
    for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
      writer.append(counted: key.utf8)
      writer.append(counted: value.utf8)
    }
    try Self.mac(over: writer.bytes, access).withBytes { writer.append($0) }
    return writer.bytes
  }

  static func decode(
    _ bytes: [UInt8], id: Digest, _ access: Access
  ) throws(ChunkStoreError) -> Root {
    let blob = BlobName.root(id)
    do {
      var reader = BinaryReader(bytes.span.bytes)
      guard Array(try reader.readBytes(8)) == magic else {
        throw ChunkStoreError.damaged(blob, "it is not a root")
      }
      let version = try reader.read(UInt32.self)
      guard version == Self.version else {
        throw ChunkStoreError(
          .newerFormat, "the root \(id) has format \(version), newer than this program; update it",
          blob: blob)
      }
      let session = hex(Array(try reader.readBytes(16)))
      let time = try reader.read(Int64.self)
      let chunk = ChunkID(Digest(bytes: try reader.readBytes(ChunkID.byteCount)))
      let name = try reader.readString()
      var fields: [String: String] = [:]
      for _ in 0..<(try reader.readCount(ofSize: 2)) {
        let key = try reader.readString()
        fields[key] = try reader.readString()
      }
      let signed = Array(bytes[..<reader.offset])
      let mac = Digest(bytes: try reader.readBytes(32))
      guard reader.isAtEnd, try Self.mac(over: signed, access) == mac else {
        throw ChunkStoreError.damaged(blob, "it was not written by an owner of this repository")
      }
      return Root(
        id: id, name: name, time: time, chunk: chunk, session: session, fields: fields)
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw .damaged(blob, "\(error)")
    }
  }

  private static func mac(over bytes: [UInt8], _ access: Access) throws(ChunkStoreError) -> Digest {
    var mac = HMACSHA256(key: try access.rootKey())
    mac.update(Array(access.repository.description.utf8).span.bytes)
    mac.update(bytes.span.bytes)
    return mac.finalize()
  }
}

/// The name of a session: 16 bytes.
struct SessionID: Hashable, Sendable {
  let bytes: [UInt8]
}

extension Root {
  var sessionID: SessionID? {
    [UInt8](hexadecimal: session[...], count: 16).map { SessionID(bytes: $0) }
  }
}

extension SessionID {
  /// A fresh one, which tells whose it is: half of it is the beginning of the digest of the key that
  /// signs what the session says.
  init(for keyring: Keyring) throws(ChunkStoreError) {
    do {
      let random = try SecureRandom.bytes(16)
      let owner = keyring.current.signer.map { Self.prefix(of: $0.key.verifyingKey) } ?? []
      bytes = owner + random.dropFirst(owner.count)
    } catch {
      throw .sealing(error)
    }
  }

  /// Whether it is of a session of that key's.
  func isOf(_ key: VerifyingKey) -> Bool { bytes.starts(with: Self.prefix(of: key)) }

  private static func prefix(of key: VerifyingKey) -> [UInt8] {
    SHA256.hash(of: key.bytes.span.bytes).withBytes { digest in
      Array(digest.extracting(0..<8))
    }
  }
}
