import CairnCore
import CairnCrypto

/// Follows links from roots, and looks in copies of the repository for what is lost. Used by one
/// thread, one of the library's own.
///
/// Memory: a bit per chunk of the index, and some 50 bytes for each chunk that is not in it.
struct RecoveryWalk {
  private let repository: Repository
  private let own: ChunkReader
  private let copies: [ChunkReader]
  /// Whether a chunk that a pack holds may be relied on.
  private let isKept: (ChunkID) throws(ChunkStoreError) -> Bool
  private var visited = ChunkBits()
  /// The chunks that no pack of the repository holds, and whether a copy has them.
  private var absent: [ChunkID: Bool] = [:]

  private(set) var lostChunks: Int64 = 0
  private(set) var recoveredChunks: Int64 = 0

  /// - Parameters:
  ///   - copies: with their indexes loaded.
  ///   - isKept: whether a chunk that a pack of the repository holds may be relied on; one that may
  ///     not is found all the same, but counts as if it were in a copy only.
  init(
    _ repository: Repository, copies: [Repository],
    isKept: @escaping (ChunkID) throws(ChunkStoreError) -> Bool = { _ in true }
  ) {
    self.repository = repository
    self.isKept = isKept
    own = ChunkReader(repository)
    self.copies = copies.map { ChunkReader($0) }
  }

  /// Visits what a root needs and nothing did before.
  ///
  /// - Parameter onRecovered: is lent each chunk that is found in a copy only.
  mutating func visit(
    _ root: Root, onRecovered: (borrowing ChunkRecord) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    let index = repository.loadedIndex
    var pending = [root.chunk]
    while let id = pending.popLast() {
      guard absent[id] == nil else { continue }
      var links: [ChunkID]?
      let place = try index.place(of: id)
      if let place, try isKept(id) {
        guard visited.insert(place.ordinal), place.hasLinks else { continue }
        links = try readingSound { () throws(ChunkStoreError) in
          try own.withChunk(id) { (record) throws(ChunkStoreError) in record.links }
        }
      }
      for source in (place == nil ? [] : [own]) + copies where links == nil {
        links = try readingSound { () throws(ChunkStoreError) in
          try source.withChunk(id) { (record) throws(ChunkStoreError) in
            try onRecovered(record)
            return record.links
          }
        }
        if links != nil {
          absent[id] = true
          recoveredChunks += 1
        }
      }
      if let links {
        // The first link on top, so that nodes are read in the order in which they lie.
        pending.append(contentsOf: links.reversed())
      } else {
        absent[id] = false
        lostChunks += 1
      }
    }
  }

  /// - Returns: `nil` if what was to be read is damaged or missing.
  private func readingSound<Result>(
    _ body: () throws(ChunkStoreError) -> Result
  ) throws(ChunkStoreError) -> Result? {
    do throws(ChunkStoreError) {
      return try body()
    } catch {
      guard error.isAboutBlob else { throw error }
      return nil
    }
  }
}
