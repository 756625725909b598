import CairnCore
import CairnCrypto

/// The plaintext of the age files below `sessions/` and `condemned/`:
///
///     8 bytes   "CAIRNANN"
///     4 bytes   version, 1
///     1 byte    the kind
///     16 bytes  the session, or the generation
///     8 bytes   the time, nanoseconds since 1970, signed
///     varint    the number of names, then the names: 16 bytes each where they are generations,
///               else 32
///     32 bytes  HMAC-SHA256 over the repository id's text and all bytes before
///
/// Sealed for the index key, which writers and collectors hold. The MAC's key is derived from the id
/// key, so an announcement shows that somebody with the id key made it. The time is a help to
/// people and decides nothing.
struct AnnouncementBlob {
  static let magic = Array("CAIRNANN".utf8)
  static let version: UInt32 = 1

  /// The kinds by their numbers; their names are part of the blobs' names.
  enum Kind: UInt8, CaseIterable {
    case begun = 1, heeded, based, ended, revoked, closed, condemned

    var name: String { "\(self)" }
  }

  let announcement: Announcement
  let time: Int64

  func encoded(_ access: Access) throws(ChunkStoreError) -> [UInt8] {
    var names: [[UInt8]] = []
    switch announcement {
    case .begun, .ended, .revoked: break
    case .heeded(_, let generations): names = generations.map(\.bytes)
    case .based(_, let chunk): names = [chunk.digest.bytes]
    case .closed(_, let roots): names = roots.map(\.bytes)
    case .condemned(_, let packs): names = packs.map(\.bytes)
    }
    var writer = BinaryWriter()
    writer.append(Self.magic)
    writer.append(Self.version)
    writer.append(announcement.kind.rawValue)
    writer.append(announcement.subject)
    writer.append(time)
    writer.append(varint: names.count)
    for name in names { writer.append(name) }
    try Self.mac(over: writer.bytes, access).withBytes { writer.append($0) }
    return writer.bytes
  }

  init(_ announcement: Announcement, time: Int64) {
    self.announcement = announcement
    self.time = time
  }

  /// - Throws: ``ChunkStoreError/Code/damaged``, or ``ChunkStoreError/Code/newerFormat``.
  init(_ bytes: [UInt8], in blob: BlobName, _ access: Access) throws(ChunkStoreError) {
    do {
      var reader = BinaryReader(bytes.span.bytes)
      guard Array(try reader.readBytes(8)) == Self.magic else {
        throw ChunkStoreError.damaged(blob, "it is not an announcement")
      }
      let version = try reader.read(UInt32.self)
      let number = try reader.readUInt8()
      guard version == Self.version, let kind = Kind(rawValue: number) else {
        throw ChunkStoreError(
          .newerFormat,
          "\(blob) has format \(version).\(number), newer than this program; update it",
          blob: blob)
      }
      let subject = Array(try reader.readBytes(16))
      time = try reader.read(Int64.self)
      let size = kind == .heeded ? 16 : 32
      var names: [[UInt8]] = []
      for _ in 0..<(try reader.readCount(ofSize: size)) {
        names.append(Array(try reader.readBytes(size)))
      }
      let signed = Array(bytes[..<reader.offset])
      let mac = Digest(bytes: try reader.readBytes(32))
      guard reader.isAtEnd, try Self.mac(over: signed, access) == mac else {
        throw ChunkStoreError.damaged(blob, "it was not written by somebody of this repository")
      }
      guard let announcement = Announcement(kind, subject, names),
        AnnouncementName(blob)?.matches(announcement) == true
      else { throw ChunkStoreError.damaged(blob, "its name and its content do not agree") }
      self.announcement = announcement
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw .damaged(blob, "\(error)")
    }
  }

  private static func mac(over bytes: [UInt8], _ access: Access) throws(ChunkStoreError) -> Digest {
    let key: SecretBytes
    do {
      key = try HKDFSHA256.deriveKey(
        from: access.idKey, salt: RawSpan(), info: "cairn announcement", count: 32)
    } catch {
      throw .sealing(error)
    }
    var mac = HMACSHA256(key: key)
    mac.update(Array(access.repository.description.utf8).span.bytes)
    mac.update(bytes.span.bytes)
    return mac.finalize()
  }
}

extension Announcement {
  fileprivate init?(_ kind: AnnouncementBlob.Kind, _ subject: [UInt8], _ names: [[UInt8]]) {
    let session = SessionID(bytes: subject)
    func digest(_ bytes: [UInt8]) -> Digest { Digest(bytes: bytes.span.bytes) }
    switch (kind, names.count) {
    case (.begun, 0): self = .begun(session)
    case (.ended, 0): self = .ended(session)
    case (.revoked, 0): self = .revoked(session)
    case (.heeded, _): self = .heeded(session, names.map { GenerationID(bytes: $0) })
    case (.based, 1): self = .based(session, ChunkID(digest(names[0])))
    case (.closed, _): self = .closed(session, roots: names.map(digest))
    case (.condemned, _):
      self = .condemned(GenerationID(bytes: subject), names.map(digest))
    default: return nil
    }
  }

  var kind: AnnouncementBlob.Kind {
    switch self {
    case .begun: .begun
    case .heeded: .heeded
    case .based: .based
    case .ended: .ended
    case .revoked: .revoked
    case .closed: .closed
    case .condemned: .condemned
    }
  }

  /// The name of the session or generation.
  fileprivate var subject: [UInt8] {
    switch self {
    case .begun(let session), .heeded(let session, _), .based(let session, _),
      .ended(let session), .revoked(let session), .closed(let session, _):
      session.bytes
    case .condemned(let generation, _): generation.bytes
    }
  }
}

extension Digest {
  fileprivate var bytes: [UInt8] { withBytes { Array($0) } }
}

/// What the name of an announcement's blob tells without reading it:
/// `sessions/<session>-<kind>-<digest>`, `condemned/<generation>-condemned-<digest>`.
struct AnnouncementName {
  /// The session or generation.
  let subject: [UInt8]
  let kind: AnnouncementBlob.Kind

  init?(_ blob: BlobName) {
    let parts = blob.lastPart.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, let subject = [UInt8](hexadecimal: parts[0], count: 16),
      let kind = AnnouncementBlob.Kind.allCases.first(where: { $0.name == parts[1] }),
      blob.contentDigest != nil,
      blob.description.hasPrefix(kind == .condemned ? BlobFolder.condemned : BlobFolder.sessions)
    else { return nil }
    self.subject = subject
    self.kind = kind
  }

  fileprivate func matches(_ announcement: Announcement) -> Bool {
    announcement.kind == kind && announcement.subject == subject
  }

  /// The name of the blob with these stored bytes.
  static func blob(of announcement: Announcement, _ digest: Digest) -> BlobName {
    .announcement(
      in: announcement.kind == .condemned ? BlobFolder.condemned : BlobFolder.sessions,
      "\(hex(announcement.subject))-\(announcement.kind.name)", digest)
  }
}

extension [UInt8] {
  /// The bytes of so many pairs of lower-case hexadecimal digits, or `nil` if the text is not that.
  init?(hexadecimal text: Substring, count: Int) {
    guard text.utf8.count == 2 * count else { return nil }
    self = []
    var high: UInt8?
    for digit in text.utf8 {
      let value: UInt8
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
      default: return nil
      }
      if let first = high { append(first << 4 | value) }
      high = high == nil ? value : nil
    }
  }
}
