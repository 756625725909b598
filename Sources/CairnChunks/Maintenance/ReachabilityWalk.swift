/// Follows links from roots: each chunk once, reading only those that have links.
struct ReachabilityWalk {
  private let repository: Repository
  /// A bit per chunk of the index, by its ordinal.
  private var visited: [UInt64]
  private let watchedPacks: Range<Int>
  /// Whether a chunk in one of the watched packs was visited.
  private(set) var needsWatchedPacks = false

  init(repository: Repository, watchedPacks: Range<Int> = 0..<0) {
    self.repository = repository
    self.watchedPacks = watchedPacks
    visited = Array(repeating: 0, count: repository.loadedIndex.count / 64 + 1)
  }

  /// - Returns: whether the chunk is visited for the first time.
  private mutating func mark(_ ordinal: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(ordinal & 63)
    // A session may add to the index meanwhile.
    while visited.count <= ordinal >> 6 { visited.append(0) }
    defer { visited[ordinal >> 6] |= bit }
    return visited[ordinal >> 6] & bit == 0
  }

  /// Visits what a root needs and nothing did before.
  mutating func visit(_ root: Root, _ report: inout VerifyReport) throws(ChunkStoreError) {
    let index = repository.loadedIndex
    var pending = [root.chunk]
    while let id = pending.popLast() {
      do throws(ChunkStoreError) {
        guard let place = try index.place(of: id) else { throw ChunkStoreError.missing(id) }
        guard mark(place.ordinal) else { continue }
        report.chunks += 1
        if watchedPacks.contains(place.block.pack) { needsWatchedPacks = true }
        guard place.hasLinks else { continue }
        let links = try repository.withReader { (reader) throws(ChunkStoreError) in
          try reader.withChunk(id) { (record) throws(ChunkStoreError) in record.links }
        }
        // The first link on top, so that nodes are read in the order in which they lie.
        pending.append(contentsOf: links.reversed())
      } catch {
        guard error.isAboutBlob else { throw error }
        report.append(error, root: root)
      }
    }
  }
}
