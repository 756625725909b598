import CairnChunks
import CairnCore
import CairnCrypto

@testable import CairnFiles

/// An entry as a backup would never make it.
struct CraftedEntry {
  var key: [UInt8]
  var metadata: FileMetadata
  var content: FileContent?
  /// Used as it is instead of what metadata and content encode to.
  var value: [UInt8]?
  var weight: UInt64 = 0

  static func file(
    _ path: String, _ content: [UInt8] = [],
    _ metadata: FileMetadata = FileMetadata(kind: .regular, permissions: 0o644)
  ) -> CraftedEntry {
    CraftedEntry(
      key: CairnFilesTests.key(path), metadata: metadata, content: .inline(content))
  }

  static func directory(_ path: String, _ permissions: UInt16 = 0o755) -> CraftedEntry {
    CraftedEntry(
      key: CairnFilesTests.key(path),
      metadata: FileMetadata(kind: .directory, permissions: permissions))
  }

  static func link(_ path: String, to target: String) -> CraftedEntry {
    var metadata = FileMetadata(kind: .symbolicLink, permissions: 0o777)
    metadata.linkTarget = Array(target.utf8)
    return CraftedEntry(key: CairnFilesTests.key(path), metadata: metadata)
  }

  var entry: Entry {
    var bytes: [UInt8] = []
    var links: [ChunkID] = []
    metadata.encode(into: &bytes)
    switch content {
    case nil: bytes.append(FileContentCoding.none)
    case .inline(let content):
      content.withRawBytes { FileContentCoding.append(inline: $0, to: &bytes) }
    case .stream(let stream):
      FileContentCoding.append(stream, to: &bytes)
      links.append(stream.root)
    }
    return Entry(key: key, value: value ?? bytes, links: links, weight: weight)
  }
}

extension BackupFixture {
  /// Publishes a snapshot of crafted entries, in the order of their keys.
  ///
  /// - Parameter alter: changes what the snapshot says of its tree.
  func publish(
    _ entries: [CraftedEntry], _ session: WriteSession? = nil,
    alter: (EntryTree) -> EntryTree = { $0 }
  ) async throws -> Snapshot {
    let session = if let session { session } else { try await repository.startSession() }
    let sorted = entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    let tree = alter(try await session.store(sortedEntries: sorted.map(\.entry)))
    let record = SnapshotRecord(tree: tree, startTime: 0, host: "", sources: [], tags: [:])
    let chunk = try await session.store(Chunk(links: [tree.root], data: record.encoded()))
    let root = try await session.publish(
      name: "crafted", chunk: chunk, fields: [SnapshotRecord.kindField: SnapshotRecord.kind])
    return try await repository.snapshot(of: root)
  }
}
