public import CairnChunks
import CairnCore
public import CairnCrypto

/// A file tree as it was at some time.
public struct Snapshot: Sendable, Hashable, Codable, Identifiable {
  /// The root's id.
  public let id: Digest
  /// What the host calls it; others may have the same name.
  public let name: String
  /// When the backup began, in nanoseconds since 1970.
  public let startTime: Int64
  /// When it was published, in nanoseconds since 1970.
  public let time: Int64
  /// The tree of its entries, whose weights are the sizes of files in bytes.
  public let tree: EntryTree
  /// The host's own words for it.
  public let tags: [String: String]
  /// The machine that it was made on.
  public let host: String
  /// What was backed up, as it was asked for.
  public let sources: [String]

  /// The entries.
  public var entryCount: UInt64 { tree.count }
  /// The sum of the sizes of all files.
  public var byteCount: UInt64 { tree.weight }
}

/// The chunk to which the root of a snapshot leads. Its data:
///
///     1 byte   "S"
///     1 byte   version, 1
///     1 byte   the height of the tree
///     varint   its number of entries
///     varint   its weight
///     8 bytes  when the backup began, nanoseconds since 1970, signed, little-endian
///     counted  the host's name, UTF-8
///     varint   the number of sources, then each counted, UTF-8
///     varint   the number of tags, then per tag, by name: counted name, counted value
///
/// Its only link is the top of the tree.
struct SnapshotRecord {
  static let tag = UInt8(ascii: "S")
  static let version: UInt8 = 1
  /// A field of the root by which snapshots are told from what else a host publishes.
  static let kindField = "kind"
  static let kind = "cairn files 1"

  var tree: EntryTree
  var startTime: Int64
  var host: String
  var sources: [String]
  var tags: [String: String]

  func encoded() -> [UInt8] {
    var writer = BinaryWriter()
    writer.append(Self.tag)
    writer.append(Self.version)
    writer.append(UInt8(tree.height))
    writer.append(varint: tree.count)
    writer.append(varint: tree.weight)
    writer.append(startTime)
    writer.append(counted: host.utf8)
    writer.append(varint: sources.count)
    for source in sources { writer.append(counted: source.utf8) }
    writer.append(varint: tags.count)
    for (name, value) in tags.sorted(by: { $0.key < $1.key }) {
      writer.append(counted: name.utf8)
      writer.append(counted: value.utf8)
    }
    return writer.bytes
  }

  init(
    tree: EntryTree, startTime: Int64, host: String, sources: [String], tags: [String: String]
  ) {
    self.tree = tree
    self.startTime = startTime
    self.host = host
    self.sources = sources
    self.tags = tags
  }

  init(_ chunk: Chunk, of root: Root) throws(ChunkStoreError) {
    do throws(IOError) {
      var reader = BinaryReader(chunk.data.span.bytes)
      guard try reader.readUInt8() == Self.tag, chunk.links.count == 1 else {
        throw IOError(.malformed, operation: "decode", subject: "a snapshot")
      }
      guard try reader.readUInt8() == Self.version else {
        throw IOError(
          .malformed, operation: "decode", subject: "a snapshot",
          detail: "it was written by a newer version of this program")
      }
      let height = Int(try reader.readUInt8())
      let count = try reader.readVarint()
      let weight = try reader.readVarint()
      tree = EntryTree(root: chunk.links[0], height: height, count: count, weight: weight)
      startTime = try reader.read(Int64.self)
      host = try reader.readString()
      sources = []
      for _ in 0..<(try reader.readCount()) { sources.append(try reader.readString()) }
      tags = [:]
      for _ in 0..<(try reader.readCount(ofSize: 2)) {
        let name = try reader.readString()
        tags[name] = try reader.readString()
      }
    } catch {
      throw ChunkStoreError(
        .damaged, "the snapshot \(root.id) does not describe itself", cause: error)
    }
  }
}

extension Snapshot {
  /// - Parameter chunk: the one to which the root leads.
  init(_ chunk: Chunk, of root: Root) throws(ChunkStoreError) {
    let record = try SnapshotRecord(chunk, of: root)
    self.init(
      id: root.id, name: root.name, startTime: record.startTime, time: root.time,
      tree: record.tree, tags: record.tags, host: record.host, sources: record.sources)
  }
}

extension Repository {
  /// Every snapshot, the oldest first; roots of other kinds are passed over.
  ///
  /// - Throws: `ChunkStoreError`: `.damaged` at the first that is not sound.
  public func snapshots() async throws(ChunkStoreError) -> [Snapshot] {
    try await snapshots { (error) throws(ChunkStoreError) in throw error }
  }

  /// Every snapshot that is sound, the oldest first; roots of other kinds are passed over.
  ///
  /// - Parameter onDamage: told of each that is not; ends the search if it throws.
  public func snapshots(
    onDamage: (ChunkStoreError) throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) -> [Snapshot] {
    var snapshots: [Snapshot] = []
    for root in try await roots(onDamage: onDamage) where root.isSnapshot {
      do throws(ChunkStoreError) {
        snapshots.append(try await snapshot(of: root))
      } catch {
        guard error.isAboutBlob else { throw error }
        if try await !isForgotten(root) { try onDamage(error) }
      }
    }
    return snapshots
  }

  /// The snapshot that a person means: "latest", a name (the newest of that name), or the first
  /// digits of an id.
  ///
  /// - Throws: `ChunkStoreError`: `.notFound` or `.ambiguous`.
  public func snapshot(_ reference: String) async throws(ChunkStoreError) -> Snapshot {
    let root = try await root(reference) { $0.isSnapshot }
    return try await snapshot(of: root)
  }

  /// The snapshot to which a root leads.
  public func snapshot(of root: Root) async throws(ChunkStoreError) -> Snapshot {
    try Snapshot(try await chunk(root.chunk), of: root)
  }
}

extension Root {
  /// Whether this leads to a snapshot of files.
  public var isSnapshot: Bool { fields[SnapshotRecord.kindField] == SnapshotRecord.kind }
}
