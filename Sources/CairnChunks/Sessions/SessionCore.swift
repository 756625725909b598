package import CairnCore
import CairnCrypto
import Synchronization
import SystemPackage

/// The machinery of a session, used by threads of the library's own.
///
/// Threads store chunks through lanes; a lane hands full blocks to a pack; a full pack is put on
/// the target by an uploading thread while the lanes go on; and then its chunks enter the index. At
/// most ``maximumUploads`` packs wait, so a slow target slows the lanes down instead of filling
/// memory.
package final class SessionCore: Sendable {
  package let repository: Repository
  package let index: any ChunkIndex
  let id: SessionID
  package let statistics = SessionCounters()
  package let times = StageClocks()
  /// Name, pack and seal.
  package let workers: ThreadPool
  package let chunker: any Chunker
  let options: SessionOptions

  private struct Lanes {
    var idle: [Lane] = []
    var lent = 0
    var isFlushing = false
  }
  private let lanes = Monitor(Lanes())
  /// Packs that nobody appends to at the moment, the one used last at the end: so few are open as
  /// threads append at the same time.
  private let openPacks = Mutex<[[PackBuilder]]>([[], []])
  /// Packs that may be deleted: their chunks count as absent, and are stored again.
  private let avoided: Set<Digest>
  /// Chunks that were handed to a lane and are not in the index yet, or that it knows only in such a
  /// pack.
  private let claims = Mutex<Set<ChunkID>>([])

  private struct Uploads {
    var waiting = 0
    var failure: ChunkStoreError?
  }
  private let uploads = Monitor(Uploads())
  private let uploaders: ThreadPool
  private static let maximumUploads = 2
  /// A pack that grows or waits takes some 200 bytes of memory for each of its chunks, and a million
  /// of the smallest would fit; this many are 3 MiB.
  private static let maximumChunksOfPack = 16_384

  init(
    _ repository: Repository, options: SessionOptions, id: SessionID, avoiding avoided: Set<Digest>
  ) throws(ChunkStoreError) {
    self.repository = repository
    self.options = options
    self.id = id
    self.avoided = avoided
    index = repository.loadedIndex
    uploaders = ThreadPool(limit: Self.maximumUploads)
    workers = ThreadPool(limit: options.workerCount)
    if let chunker = options.chunker {
      self.chunker = chunker
    } else {
      chunker = try repository.makeChunker()
    }
  }

  // MARK: Lanes

  /// Lends a lane to `body`.
  package func withLane<Result>(
    _ body: (Lane) throws(ChunkStoreError) -> Result
  ) throws(ChunkStoreError) -> Result {
    try check()
    let idle: Lane? = lanes.wait { lanes in
      guard !lanes.isFlushing else { return nil }
      lanes.lent += 1
      return .some(lanes.idle.popLast())
    }
    let lane = idle ?? Lane(self)
    defer {
      lanes.change { lanes in
        lanes.lent -= 1
        lanes.idle.append(lane)
      }
    }
    do {
      return try body(lane)
    } catch {
      // What the lane had claimed may be lost with the failed call, so nothing may be published.
      if error.code != .host, error.code != .invalid { fail(error) }
      throw error
    }
  }

  /// Whether the caller must store the chunk, because nobody else has it.
  func claim(_ id: ChunkID) throws(ChunkStoreError) -> Bool {
    try claims.withLock { (claims) throws(ChunkStoreError) in
      if claims.contains(id) { return false }
      if try isStored(id) { return false }
      claims.insert(id)
      return true
    }
  }

  /// Whether a pack that stays holds the chunk.
  private func isStored(_ id: ChunkID) throws(ChunkStoreError) -> Bool {
    guard let first = try index.place(of: id) else { return false }
    if avoided.isEmpty { return true }
    var place = first
    var passedOver: Set<Int> = []
    while try avoided.contains(index.pack(place.block.pack).digest) {
      // An index that knows one copy only may name it again.
      guard passedOver.insert(place.block.pack).inserted,
        let other = try index.place(of: id, avoiding: passedOver)
      else { return false }
      place = other
    }
    return true
  }

  /// How many chunks are on their way to the index.
  var claimCount: Int { claims.withLock { $0.count } }

  /// Throws unless every chunk is stored, or is about to be: a host's links must lead somewhere,
  /// for what a root reaches is complete.
  func requireKnown(_ links: [ChunkID]) throws(ChunkStoreError) {
    for link in links {
      // In this order: a chunk enters the index before it leaves the claims.
      if claims.withLock({ $0.contains(link) }) { continue }
      guard try index.place(of: link) != nil else {
        throw ChunkStoreError(
          .invalid, "the chunk \(link) was never stored, so nothing can refer to it")
      }
    }
  }

  /// Whether a chunk is stored and stays, or is about to be stored.
  func knows(_ id: ChunkID) throws(ChunkStoreError) -> Bool {
    if claims.withLock({ $0.contains(id) }) { return true }
    return try isStored(id)
  }

  // MARK: Packs

  /// Lends an open pack to `body`, and finishes it if it is full then.
  func withPack(
    _ family: PackFamily, _ body: (PackBuilder) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    let taken = PackHandle(openPacks.withLock { PackHandle($0[family.rawValue].popLast()) }.pack)
    let pack: PackBuilder
    if let open = taken.pack { pack = open } else { pack = try newPack() }
    try body(pack)
    if pack.size >= repository.layout.packSize
      || pack.table.entries.count >= Self.maximumChunksOfPack
    {
      try finish(pack)
    } else {
      let handle = PackHandle(pack)
      openPacks.withLock { $0[family.rawValue].append(handle.pack!) }
    }
  }

  /// After a publication, which it cannot undo: what fails is left to the next one.
  func tidyIndex() {
    do throws(ChunkStoreError) {
      try repository.mergeIndexBlobs(condemned: avoided) {
        () throws(ChunkStoreError) in try repository.makeSpool(or: options.spoolDirectory)
      }
      try repository.saveIndex()
    } catch {}
  }

  private func newPack() throws(ChunkStoreError) -> PackBuilder {
    let spool = try repository.makeSpool(or: options.spoolDirectory)
    return try PackBuilder(
      in: spool, for: [repository.access.packRecipient], isChecked: options.checksPacks)
  }

  private func finish(_ pack: PackBuilder) throws(ChunkStoreError) {
    let finished = try pack.finish()
    uploads.wait { uploads -> Void? in
      guard uploads.waiting < Self.maximumUploads || uploads.failure != nil else { return nil }
      uploads.waiting += 1
      return .some(())
    }
    uploaders.submit { [self] in
      do throws(ChunkStoreError) {
        try upload(finished)
      } catch {
        fail(error)
      }
      uploads.change { $0.waiting -= 1 }
    }
    try check()
  }

  private func upload(_ pack: FinishedPack) throws(ChunkStoreError) {
    try times.measure(.put) { () throws(ChunkStoreError) in
      try repository.target.putBlocking(
        pack.info.blob, BlobSource(pack.file, byteCount: pack.info.size))
    }
    statistics.add(stored: pack.info.size)
    repository.packKeys.remember(pack.key, of: pack.info)
    try adopt(pack.info, pack.table)
    try claims.withLock { (claims) throws(ChunkStoreError) in
      // Now in the index, which need not be asked unless it may know no other copy than one in a
      // pack that is avoided.
      for entry in pack.table.entries {
        if !avoided.isEmpty { guard try isStored(entry.id) else { continue } }
        claims.remove(entry.id)
      }
    }
  }

  /// Takes a pack that is on the target into the index, and has the next index blob describe it.
  func adopt(_ pack: PackInfo, _ table: PackTable) throws(ChunkStoreError) {
    // In this order: what is in the index and not noted here counts as described.
    let isTime = repository.indexWriter.add(pack, table)
    try index.insert(pack, PackContents(table))
    if isTime { try describePacks() }
    try repository.saveIndexIfFull()
  }

  private func describePacks() throws(ChunkStoreError) {
    try repository.indexWriter.write { (blob) throws(ChunkStoreError) in try putIndexBlob(blob) }
  }

  private func putIndexBlob(_ blob: IndexBlob) throws(ChunkStoreError) {
    statistics.add(stored: try repository.putIndexBlob(blob))
  }

  // MARK: Commit

  /// Makes everything durable that was stored: packs first, then the index.
  ///
  /// Waits until no lane is lent, and no lane is lent until it returns: a chunk that one lane holds
  /// was left out by the others, so all of them are flushed together.
  package func flush() throws(ChunkStoreError) {
    try check()
    let idle = lanes.wait { lanes -> [Lane]? in
      guard !lanes.isFlushing, lanes.lent == 0 else { return nil }
      lanes.isFlushing = true
      return lanes.idle
    }
    defer { lanes.change { $0.isFlushing = false } }
    do {
      for lane in idle { try lane.flush() }
      for family in PackFamily.allCases {
        while let pack = openPacks.withLock({ PackHandle($0[family.rawValue].popLast()) }).pack {
          try finish(pack)
        }
      }
      uploads.wait { $0.waiting == 0 ? .some(()) : nil }
      try check()
      try describePacks()
    } catch {
      fail(error)
      throw error
    }
  }

  /// After the first failure nothing more is stored, and nothing is published.
  package func fail(_ error: ChunkStoreError) {
    uploads.change { $0.failure = $0.failure ?? error }
  }

  package func check() throws(ChunkStoreError) {
    if let failure = uploads.withLock({ $0.failure }) { throw failure }
  }

  /// Carries a pack across the lock.
  private struct PackHandle: @unchecked Sendable {
    // Sendable: a pack is either in the list, under the lock, or with the one thread that took it.
    let pack: PackBuilder?
    init(_ pack: PackBuilder?) { self.pack = pack }
  }
}
