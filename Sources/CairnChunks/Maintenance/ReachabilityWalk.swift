import CairnCrypto

/// Follows links from roots: each chunk once, reading only those that have links.
struct ReachabilityWalk {
  private let repository: Repository
  private let index: any ChunkIndex
  private var visited = ChunkBits()
  /// Packs of the index that are not on the target.
  private let gonePacks: Set<Int>
  private let watchedPacks: Range<Int>
  /// Those of the watched packs that hold a chunk that was visited.
  private(set) var neededWatchedPacks: Set<Int> = []
  /// Whether all links were followed. If not, it is not known what else the roots need.
  private(set) var isComplete = true

  init(repository: Repository, gonePacks: Set<Int>, watchedPacks: Range<Int>) {
    self.repository = repository
    self.gonePacks = gonePacks
    self.watchedPacks = watchedPacks
    index = repository.loadedIndex
  }

  /// Visits what a root needs and nothing did before. One that was forgotten since it was read needs
  /// nothing.
  mutating func visit(_ root: Root, _ report: inout VerifyReport) throws(ChunkStoreError) {
    var pending = [root.chunk]
    var reported: Set<Int> = []
    var hasProblem = false
    while let id = pending.popLast() {
      let place = try self.place(of: id)
      do throws(ChunkStoreError) {
        guard let place else { throw ChunkStoreError.missing(id) }
        let pack = place.block.pack
        if gonePacks.contains(pack) {
          // Once for each pack, however many of its chunks are needed.
          if !reported.insert(pack).inserted, !place.hasLinks { continue }
          throw .missing(try index.pack(pack).blob)
        }
        guard visited.insert(place.ordinal) else { continue }
        report.chunks += 1
        if watchedPacks.contains(pack) { neededWatchedPacks.insert(pack) }
        guard place.hasLinks else { continue }
        let links = try repository.withReader { (reader) throws(ChunkStoreError) in
          try reader.withChunk(id) { (record) throws(ChunkStoreError) in record.links }
        }
        // The first link on top, so that nodes are read in the order in which they lie.
        pending.append(contentsOf: links.reversed())
      } catch {
        guard error.isAboutBlob else { throw error }
        if !hasProblem, try repository.target.sizeBlocking(of: .root(root.id)) == nil { return }
        hasProblem = true
        if place?.hasLinks != false { isComplete = false }
        report.append(error, root: root)
      }
    }
  }

  /// Where a chunk is: in a pack that is there, if one of them holds it.
  private func place(of id: ChunkID) throws(ChunkStoreError) -> ChunkPlace? {
    let place = try index.place(of: id)
    guard let place, gonePacks.contains(place.block.pack) else { return place }
    return try index.place(of: id, avoiding: gonePacks) ?? place
  }
}
