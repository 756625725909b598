import CairnCore
public import CairnCrypto
import CairnTree
import Synchronization
public import SystemPackage

/// An index in a file of this machine, which takes little memory, however many chunks there are.
///
/// The file is a cache of the repository's index blobs, and belongs to one repository: a run reads what
/// it has not read before, and no more. If it is lost, damaged or of another repository, it is made
/// anew. Several repositories may use one directory, and so may several processes: one of them
/// writes; the others read what it has saved, and keep in memory what they have read beyond that, as
/// ``CompactChunkIndex`` does.
///
/// New packs are gathered in memory and appended to the file when there are many, as a sorted run; runs are
/// merged when there are more than eight, the newest first, so that a chunk is written anew a few times
/// in all, however many there are. Each run has a filter, which says of 99 in 100 chunks that are not there
/// that they are not, for one page of the file. A chunk takes 66 bytes of the file, and while runs are
/// merged the file takes their size once more.
public final class DiskChunkIndex: ChunkIndex {
  private struct State {
    /// What the file says; `nil` before it was opened, and where it cannot be.
    var saved: SavedIndex?
    /// Packs by their numbers, those of the file first.
    var packs = PackList()
    /// The chunks that are not in the file, and the numbers from which its own count.
    var recent: CompactChunkIndex
    var recentPacks = 0
    var recentChunks = 0
    /// Whether there is something to save beside the list of blobs.
    var isChanged = false
  }

  private let state: Mutex<State>
  /// The repository whose file is open; held by those who insert, and by the one who saves.
  private let insertion = Mutex<RepositoryID?>(nil)
  private let savedBlobs = Mutex(IndexBlobSet())
  private let directory: FilePath
  private let cacheBytes: Int
  private let recentLimit: Int

  /// - Parameters:
  ///   - directory: of this machine, exists. Holds a file for each repository, and a temporary one.
  ///   - memoryBudget: bytes; at least 4 MiB are taken. 32 MiB by default: half of it caches the file,
  ///     and a third gathers some 800,000 chunks. Beside it, a pack takes some 130 bytes; and with 100
  ///     million chunks a process took 85 MiB of its own at the peak.
  public convenience init(_ directory: FilePath, memoryBudget: Int = 32 << 20) {
    let budget = max(memoryBudget, 4 << 20)
    self.init(directory, cacheBytes: budget / 2, gathering: budget / 3 / 13)
  }

  /// - Parameter limit: how many chunks are gathered.
  init(_ directory: FilePath, cacheBytes: Int, gathering limit: Int) {
    self.directory = directory
    self.cacheBytes = cacheBytes
    recentLimit = limit
    state = Mutex(State(recent: CompactChunkIndex(spoolDirectory: directory)))
  }

  public var count: Int { state.withLock { $0.recentChunks + $0.recent.count } }
  public var packCount: Int { state.withLock { $0.packs.count } }
  public func pack(_ number: Int) -> PackInfo { state.withLock { $0.packs[number] } }
  public func contains(_ pack: Digest) -> Bool { state.withLock { $0.packs.contains(pack) } }

  public func withdraw(_ pack: Digest) {
    state.withLock { state in
      state.isChanged = true
      state.packs.withdraw(pack)
      state.recent.withdraw(pack)
    }
  }

  public func place(of id: ChunkID) throws(ChunkStoreError) -> ChunkPlace? {
    try place(of: id, avoiding: [])
  }

  public func place(
    of id: ChunkID, avoiding avoided: Set<Int>
  ) throws(ChunkStoreError) -> ChunkPlace? {
    let (saved, recent, packs, chunks) = state.withLock {
      ($0.saved, $0.recent, $0.recentPacks, $0.recentChunks)
    }
    if let saved {
      let found = try saved.firstPlace(of: id) { pack in
        !avoided.contains(pack) && state.withLock { $0.packs.isThere(pack) }
      }
      if let found { return found }
    }
    let others = avoided.isEmpty ? [] : Set(avoided.map { $0 - packs })
    return try recent.place(of: id, avoiding: others)?.moved(byPacks: packs, chunks: chunks)
  }

  public func insert(_ pack: PackInfo, _ contents: PackContents) throws(ChunkStoreError) {
    try insertion.withLock { (_) throws(ChunkStoreError) in
      let (isKnown, recent) = state.withLock { ($0.packs.contains(pack.digest), $0.recent) }
      guard !isKnown else { return }
      guard count + contents.chunkCount < Int(UInt32.max) else {
        throw ChunkStoreError(.invalid, "the index on disk is full at \(UInt32.max) chunks")
      }
      try recent.insert(pack, contents)
      state.withLock { state in
        state.isChanged = true
        state.packs.append(pack)
      }
    }
  }

  // MARK: The file

  /// The runs of the file; a question asks each of them.
  var runCount: Int { state.withLock { $0.saved?.runCount ?? 0 } }

  /// Whether so much was gathered that it is time to ``save(_:undescribed:)``.
  var isFull: Bool { state.withLock { $0.recent.count >= recentLimit } }

  /// Opens the file of a repository, before anything is inserted.
  ///
  /// - Returns: the index blobs that it has taken in; `nil` if it was opened before.
  /// - Throws: ``ChunkStoreError/Code/invalid`` if that was for another repository.
  func open(for repository: RepositoryID) throws(ChunkStoreError) -> IndexBlobSet? {
    try insertion.withLock { (opened) throws(ChunkStoreError) -> IndexBlobSet? in
      if let opened {
        guard opened == repository else {
          throw ChunkStoreError(
            .invalid, "an index belongs to one repository; make another for the other one")
        }
        return nil
      }
      let path = directory.appending("index-\(repository).trees")
      let saved = try SavedIndex.open(path, for: repository, cacheBytes: cacheBytes)
      opened = repository
      guard let saved else { return IndexBlobSet() }
      let (packs, blobs) = try saved.readLists()
      state.withLock { state in
        state.saved = saved
        state.recentPacks = packs.count
        state.recentChunks = saved.chunkCount
        state.packs = packs
      }
      savedBlobs.withLock { $0 = blobs }
      return blobs
    }
  }

  /// Forgets everything, before anything else uses the index: what it was taken from has changed.
  func removeAll() throws(ChunkStoreError) {
    guard let saved = state.withLock({ $0.saved }) else { return }
    let empty = try saved.emptied()
    state.withLock { state in
      state.saved = empty
      state.packs = PackList()
      state.recent = CompactChunkIndex(spoolDirectory: directory)
      (state.recentPacks, state.recentChunks) = (0, 0)
    }
    savedBlobs.withLock { $0 = IndexBlobSet() }
  }

  /// Lets go of the file, so that somebody else can write it. The index is empty then.
  func close() {
    state.withLock { state in
      state.saved = nil
      state.packs = PackList()
      state.recent = CompactChunkIndex(spoolDirectory: directory)
      (state.recentPacks, state.recentChunks) = (0, 0)
    }
  }

  /// Appends what was gathered to the file, durably, unless somebody else writes it. Insertions
  /// wait meanwhile, questions do not.
  ///
  /// - Parameters:
  ///   - blobs: the index blobs that were taken in.
  ///   - undescribed: packs that no index blob describes. When the file is opened again, they count
  ///     as not there, so that somebody describes them.
  func save(_ blobs: IndexBlobSet, undescribed: Set<Digest>) throws(ChunkStoreError) {
    try insertion.withLock { (_) throws(ChunkStoreError) in
      let (saved, recent, packs, firstPack, firstChunk) = state.withLock {
        ($0.saved, $0.recent, $0.packs, $0.recentPacks, $0.recentChunks)
      }
      guard let saved, saved.isWritable else { return }
      guard state.withLock({ $0.isChanged }) || !savedBlobs.withLock({ $0.isSame(as: blobs) })
      else { return }
      let next = try saved.saving(
        recent, packs, from: firstPack, chunksFrom: firstChunk, blobs, undescribed: undescribed)
      state.withLock { state in
        state.saved = next
        state.recentPacks = packs.count
        state.recentChunks = firstChunk + recent.count
        state.recent = CompactChunkIndex(spoolDirectory: directory)
        state.isChanged = false
      }
      savedBlobs.withLock { $0 = blobs }
    }
  }
}

extension ChunkPlace {
  /// The place as numbered from others on.
  func moved(byPacks packs: Int, chunks: Int) -> ChunkPlace {
    ChunkPlace(
      ordinal: ordinal + chunks,
      block: BlockPlace(
        pack: block.pack + packs, offset: block.offset, storedLength: block.storedLength,
        rawLength: block.rawLength, codec: block.codec),
      offset: offset, hasLinks: hasLinks)
  }
}
