import CairnChunks
import CairnCore
import CairnCrypto

/// A file, directory or other thing in a snapshot.
public struct SnapshotEntry: Sendable, Hashable {
  /// The components of its path in the snapshot, joined by zero bytes.
  public let key: [UInt8]
  /// What is known of it beside its name and content.
  public let metadata: FileMetadata
  /// For regular files.
  public let content: FileContent?

  /// An entry of a host's own making.
  public init(key: [UInt8], metadata: FileMetadata, content: FileContent?) {
    self.key = key
    self.metadata = metadata
    self.content = content
  }

  /// The path in the bytes of the file system, with slashes.
  public var pathBytes: [UInt8] { key.map { $0 == 0 ? UInt8(ascii: "/") : $0 } }

  /// The path as text for people: what is not printable UTF-8 is escaped.
  public var path: String { String(displaying: pathBytes) }

  /// The key of a path as a person writes it: empty components and "." mean nothing.
  public static func key(ofPath path: String) -> [UInt8] {
    key(ofPath: Array(path.utf8))
  }

  /// The key of a path in the bytes of the file system.
  public static func key(ofPath path: [UInt8]) -> [UInt8] {
    Array(
      path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        .joined(separator: [0]))
  }

  /// Decodes an entry of a snapshot's tree.
  ///
  /// - Throws: `malformed` for bytes that do not follow the format.
  init(
    key: [UInt8], value: RawSpan, links: UnsafeRawBufferPointer
  ) throws(IOError) {
    var reader = BinaryReader(value)
    self.key = key
    metadata = try FileMetadata(from: &reader)
    switch try reader.readUInt8() {
    case FileContentCoding.none:
      content = nil
    case FileContentCoding.inline:
      content = .inline(Array(try reader.readCounted()))
    case FileContentCoding.stream:
      let height = Int(try reader.readUInt8())
      let byteCount = try reader.readVarint()
      guard links.count == ChunkID.byteCount else {
        throw IOError(
          .malformed, operation: "decode", subject: "an entry", detail: "it has no link")
      }
      content = .stream(
        Content(root: ChunkID(Digest(bytes: links)), byteCount: byteCount, height: height))
    default:
      throw IOError(
        .malformed, operation: "decode", subject: "an entry",
        detail: "its content is of an unknown kind")
    }
    guard reader.isAtEnd else {
      throw IOError(
        .malformed, operation: "decode", subject: "an entry", detail: "bytes follow its content")
    }
  }
}

extension EntryCursor {
  /// The current entry of a snapshot's tree.
  func snapshotEntry() throws(ChunkStoreError) -> SnapshotEntry {
    let key = key
    do throws(IOError) {
      return try withEntry { (value, links) throws(IOError) in
        try SnapshotEntry(key: key, value: value.bytes, links: links)
      }
    } catch {
      throw ChunkStoreError(
        .damaged, "the entry of \(SnapshotEntry.displayPath(key)) is not sound", cause: error)
    }
  }
}

extension SnapshotEntry {
  /// A key as text for people.
  static func displayPath(_ key: [UInt8]) -> String {
    String(displaying: key.map { $0 == 0 ? UInt8(ascii: "/") : $0 })
  }
}
