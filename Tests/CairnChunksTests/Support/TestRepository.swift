import CairnCore
import CairnCrypto
import SystemPackage
import Testing

@testable import CairnChunks

/// The owner of the tests' repositories.
let owner = try! X25519Identity(
  SecretBytes(
    utf8: "AGE-SECRET-KEY-1XMQM6XH4H6Q6SGEWSHGEQXWN83J9SDVT84YW69QGU5XQNEJUAJUSGFWTKN"))

extension RepositoryLayout {
  /// The smallest sizes, so that little data makes many chunks, blocks, packs and levels.
  static let small = RepositoryLayout(
    chunker: FastCDC.Parameters(
      fine: FastCDC.Sizes(minimum: 64, average: 256, maximum: 1024)!,
      coarse: FastCDC.Sizes(minimum: 128, average: 512, maximum: 2048)!, fineLength: 4096),
    blockSize: 4 << 10, packSize: 64 << 10, nodeSize: 256)!
}

extension Repository {
  /// A repository of small sizes that belongs to ``owner``.
  static func createSmall(
    on target: any Target = MemoryTarget(), options: Options = Options()
  ) async throws(ChunkStoreError) -> Repository {
    try await create(on: target, for: [owner.recipient], layout: .small, options: options)
  }

  static func open(
    on target: any Target, options: Options = Options()
  ) async throws(ChunkStoreError) -> Repository {
    try await open(on: target, with: [owner], options: options)
  }

  /// This repository as another process sees it.
  func reopened(on target: (any Target)? = nil) async throws(ChunkStoreError) -> Repository {
    try await .open(on: target ?? self.target)
  }

  func readAll(_ content: Content) async throws(ChunkStoreError) -> [UInt8] {
    try await read(content, in: 0..<content.byteCount)
  }

  /// All entries of a tree.
  func entries(of tree: EntryTree) async throws(ChunkStoreError) -> [Entry] {
    try await withCursor(tree) { (cursor) throws(ChunkStoreError) in
      var entries: [Entry] = []
      try cursor.seekToStart()
      while cursor.isValid {
        entries.append(cursor.entry)
        try cursor.next()
      }
      return entries
    }
  }

  func withCursor<Result: Sendable>(
    _ tree: EntryTree, _ body: @Sendable (EntryCursor) throws(ChunkStoreError) -> Result
  ) async throws(ChunkStoreError) -> Result {
    try await loadIndexOnce()
    return try withReader { (reader) throws(ChunkStoreError) in
      try body(EntryCursor(tree, reader))
    }
  }

  /// How often each chunk is stored, by what the packs themselves say.
  func storedChunks() async throws(ChunkStoreError) -> [ChunkID: Int] {
    var counts: [ChunkID: Int] = [:]
    let tail = PackTail(target: target, keys: packKeys)
    try await target.forEachBlob(BlobFolder.packs) { (blob) throws(ChunkStoreError) in
      for entry in try tail.read(blob).1.entries { counts[entry.id, default: 0] += 1 }
    }
    return counts
  }
}

extension Entry {
  init(_ key: String, _ value: String, links: [ChunkID] = [], weight: UInt64 = 0) {
    self.init(key: Array(key.utf8), value: Array(value.utf8), links: links, weight: weight)
  }
}

/// Small packs, and no thread for each processor.
extension SessionOptions {
  static let test = SessionOptions(spoolDirectory: "/tmp", workerCount: 2)
}
