import CairnCore
import CairnCrypto
import CairnTree
import SystemPackage

/// One state of the file of a ``DiskChunkIndex``. Its trees:
///
///     about    "version": 1 byte, 3;  "repository": its id;  "count": the chunks taken in so far,
///              8 bytes: the next one's ordinal;  "runs": of each run, the oldest first, its number and
///              how many blocks its filter has, 4 bytes each
///     packs    the number, 8 bytes, big-endian: the digest, 32 bytes; the size, 8 bytes; where the
///              payload begins, 4 bytes; 1 byte, 1 if the pack is not there or not described
///     blobs    the digest of an index blob that was taken in: its size, 8 bytes; the digest of the
///              one that replaces it, or 32 bytes of zero
///     run-<n>  the chunks of a run, as ``SavedEntry`` has them
///     filter-<n>
///              which chunks are not in that run, as ``SavedFilter`` has it
///
/// What was gathered is appended as a run of its own, sorted. When there are more than
/// ``maximumRuns``, the newest are merged into one: those before which each other one is at least twice as
/// large as all of them. So a question asks the filters of a few runs and searches in those that may
/// have the chunk, hardly ever more than one, and a chunk is written anew once for each time
/// that the index has grown to some four times its size, in the order of the file. Packs have larger
/// numbers in newer runs, so the first run that has a chunk has it in its first pack.
final class SavedIndex: Sendable {
  private let store: TreeStore
  private let path: FilePath
  private let repository: RepositoryID
  /// The oldest first.
  private let runs: [SavedRun]
  private let isWhole: Bool
  private let view: ReadTransaction
  let isWritable: Bool
  let chunkCount: Int
  var runCount: Int { runs.count }

  private static let version: UInt8 = 3
  private static let countKey = Array("count".utf8)
  private static let runsKey = Array("runs".utf8)
  private static let maximumRuns = 8
  private static let packOptions = TreeOptions(keyWidth: 8, valueWidth: 45)
  private static let blobOptions = TreeOptions(keyWidth: 32, valueWidth: 40)

  private init(
    _ store: TreeStore, _ path: FilePath, _ repository: RepositoryID, isWritable: Bool
  ) throws(TreeError) {
    self.store = store
    self.path = path
    self.repository = repository
    self.isWritable = isWritable
    view = try store.beginReading()
    let about = try view.treeIfExists("about")
    let list = try about?.value(for: Self.runsKey.span.bytes) ?? []
    var runs: [SavedRun] = []
    for offset in stride(from: 0, to: list.count, by: SavedRunName.size)
    where offset + SavedRunName.size <= list.count {
      let name = SavedRunName(
        number: UInt32(littleEndian: Self.load(list, at: offset)),
        blockCount: UInt32(littleEndian: Self.load(list, at: offset + 4)))
      // What is not whole is not of use; the file is made anew then.
      if let run = try SavedRun(name, in: view) { runs.append(run) }
    }
    self.runs = runs
    isWhole = runs.count * SavedRunName.size == list.count
    let count = try about?.value(for: Self.countKey.span.bytes)
    if let count, count.count == 8 {
      let number: UInt64 = Self.load(count, at: 0)
      chunkCount = Int(UInt32(clamping: UInt64(littleEndian: number)))
    } else {
      chunkCount = 0
    }
  }

  /// - Returns: `nil` if others write the file, and it is of no use to readers yet.
  static func open(
    _ path: FilePath, for repository: RepositoryID, cacheBytes: Int
  ) throws(ChunkStoreError) -> SavedIndex? {
    if let saved = try attempt(path, repository, cacheBytes, isWritable: true) { return saved }
    return try attempt(path, repository, cacheBytes, isWritable: false)
  }

  /// - Returns: `nil` if others write the file, or it cannot be used and not be made anew.
  private static func attempt(
    _ path: FilePath, _ repository: RepositoryID, _ cacheBytes: Int, isWritable: Bool
  ) throws(ChunkStoreError) -> SavedIndex? {
    var isSecond = false
    while true {
      do throws(TreeError) {
        let store = try TreeStore(
          path, TreeStoreOptions(cacheBytes: cacheBytes, isReadOnly: !isWritable))
        let saved = try SavedIndex(store, path, repository, isWritable: isWritable)
        if try saved.isOfRepository() { return saved }
        return isWritable ? try saved.makeAnew() : nil
      } catch {
        switch error.code {
        case .busy, .readOnly: return nil
        case .damaged, .notATree, .newerFormat:
          guard isWritable, !isSecond else { return nil }
          try remove(path)
          isSecond = true
        default:
          if !isWritable { return nil }
          throw failure(error, path)
        }
      }
    }
  }

  private static func remove(_ path: FilePath) throws(ChunkStoreError) {
    do {
      let directory = try FileDescriptor.open(
        path.removingLastComponent(), .readOnly, options: [.directory, .closeOnExec])
      defer { try? directory.close() }
      try (path.lastComponent?.string ?? "").withCString { try directory.removeEntry($0) }
    } catch {
      throw ChunkStoreError(
        .targetFailed, "the local index \(path) is damaged and cannot be removed (\(error))")
    }
  }

  private func isOfRepository() throws(TreeError) -> Bool {
    guard let about = try view.treeIfExists("about") else { return false }
    let version = try about.value(for: Array("version".utf8).span.bytes)
    let name = try about.value(for: Array("repository".utf8).span.bytes)
    let packs = try view.treeIfExists("packs")?.options
    let blobs = try view.treeIfExists("blobs")?.options
    return version == [Self.version] && name == Array("\(repository)".utf8)
      && packs == Self.packOptions && blobs == Self.blobOptions && isWhole
  }

  private func makeAnew() throws(TreeError) -> SavedIndex {
    let writing = try store.beginWriting()
    for name in try writing.treeNames { try writing.drop(name) }
    let about = try writing.tree("about", creating: TreeOptions())
    try about.put(Array("version".utf8).span.bytes, [Self.version].span.bytes)
    try about.put(Array("repository".utf8).span.bytes, Array("\(repository)".utf8).span.bytes)
    _ = try writing.tree("packs", creating: Self.packOptions)
    _ = try writing.tree("blobs", creating: Self.blobOptions)
    try writing.commit(.checkpoint)
    return try SavedIndex(store, path, repository, isWritable: true)
  }

  /// An empty file in the place of this one.
  func emptied() throws(ChunkStoreError) -> SavedIndex? {
    guard isWritable else { return nil }
    do throws(TreeError) { return try makeAnew() } catch { throw failure(error) }
  }

  // MARK: Reading

  /// The place in the first pack that is there.
  func firstPlace(
    of id: ChunkID, where isThere: (Int) -> Bool
  ) throws(ChunkStoreError) -> ChunkPlace? {
    var first: ChunkPlace?
    do throws(TreeError) {
      for run in runs {
        let isFound = try run.forEachPlace(of: id) { (place) throws(TreeError) in
          guard place.block.storedLength <= PackFormat.maximumBlockSize,
            place.block.rawLength <= PackFormat.maximumBlockSize
          else { throw Self.damaged() }
          guard isThere(place.block.pack) else { return false }
          first = place
          return true
        }
        if isFound { break }
      }
      return first
    } catch {
      throw failure(error)
    }
  }

  func readLists() throws(ChunkStoreError) -> (PackList, IndexBlobSet) {
    var packs = PackList()
    var blobs = IndexBlobSet()
    do throws(TreeError) {
      for entry in try view.tree("packs").sequence(ranks: 0..<Int.max) {
        let bytes = try entry.get().value
        let pack = PackInfo(
          digest: Digest(bytes: bytes.span.bytes.extracting(0..<32)),
          size: Int64(littleEndian: Self.load(bytes, at: 32)),
          payloadOffset: Int(UInt32(littleEndian: Self.load(bytes, at: 40))))
        guard pack.isPossible else { throw Self.damaged() }
        packs.append(pack)
        if bytes[44] != 0 { packs.withdraw(pack.digest) }
      }
      for entry in try view.tree("blobs").sequence(ranks: 0..<Int.max) {
        let found = try entry.get()
        let replacer = Digest(bytes: found.value.span.bytes.extracting(8..<40))
        blobs.restore(
          Digest(bytes: found.key.span.bytes),
          size: Int64(littleEndian: Self.load(found.value, at: 0)),
          replacer: replacer == Self.none ? nil : replacer)
      }
      return (packs, blobs)
    } catch {
      throw failure(error)
    }
  }

  private static let none = Digest(bytes: [UInt8](repeating: 0, count: 32).span.bytes)

  private static func load<Number: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: [UInt8], at offset: Int
  ) -> Number {
    bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
  }

  @inline(never)
  private static func damaged() -> TreeError {
    TreeError(.damaged, "it holds what no index holds")
  }

  // MARK: Writing

  /// The state after these packs and chunks were added, durable.
  ///
  /// - Parameters:
  ///   - recent: chunks of the packs from `firstPack` on, which it numbers from 0.
  ///   - firstChunk: the ordinal of the first.
  func saving(
    _ recent: CompactChunkIndex, _ packs: PackList, from firstPack: Int,
    chunksFrom firstChunk: Int, _ blobs: IndexBlobSet, undescribed: Set<Digest>
  ) throws(ChunkStoreError) -> SavedIndex {
    do {
      let writing = try store.beginWriting()
      var names = runs.map(\.name)
      if recent.count > 0 {
        let name = nextName(chunks: recent.count)
        try append(
          recent, from: firstPack, chunksFrom: firstChunk, to: RunWriter(name, in: writing))
        names.append(name)
      }
      let count = withUnsafeBytes(of: UInt64(firstChunk + recent.count).littleEndian) { Array($0) }
      try writing.tree("about").put(Self.countKey.span.bytes, count.span.bytes)
      try save(names, in: writing)
      try save(packs, undescribed, in: writing.tree("packs"))
      try save(blobs, in: writing.tree("blobs"))
      try writing.commit(.checkpoint)
      let saved = try SavedIndex(store, path, repository, isWritable: true)
      return try saved.merged(packs)
    } catch let error as TreeError {
      throw failure(error)
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      preconditionFailure("nothing else is thrown here: \(error)")
    }
  }

  /// Fills a run with chunks in memory.
  private func append(
    _ recent: CompactChunkIndex, from firstPack: Int, chunksFrom firstChunk: Int,
    to writer: RunWriter
  ) throws {
    var run = writer
    // The shards are in the order of the ids.
    for shard in 0..<FingerprintTable.shardCount {
      var entries: [SavedEntry] = []
      for (ordinal, id, place) in try recent.records(ofShard: shard) {
        entries.append(
          SavedEntry(
            id: id, ordinal: UInt32(firstChunk + ordinal), place: place.moved(byPacks: firstPack)))
      }
      // Of a chunk that a pack holds twice, the first place counts.
      entries.sort { left, right in
        if left.id == right.id, left.place.pack == right.place.pack {
          return left.ordinal < right.ordinal
        }
        return SavedEntry.comesBefore(left, right)
      }
      for entry in entries { try run.append(entry) }
    }
    try run.finish()
  }

  /// Of a run that has at most so many chunks.
  private func nextName(chunks: Int) -> SavedRunName {
    SavedRunName(
      number: (runs.map(\.name.number).max() ?? 0) &+ 1,
      blockCount: SavedFilter.blockCount(chunks: chunks))
  }

  /// The state after the newest runs were merged, if there are many; durable.
  private func merged(_ packs: PackList) throws(TreeError) -> SavedIndex {
    guard runs.count > Self.maximumRuns else { return self }
    var first = runs.count - 1
    var total = try runs[first].entries.count
    while first > 0 {
      let count = try runs[first - 1].entries.count
      // Always two at least, so that there are fewer afterwards.
      guard first == runs.count - 1 || count < 2 * total else { break }
      total += count
      first -= 1
    }
    let writing = try store.beginWriting()
    let name = nextName(chunks: total)
    var run = try RunWriter(name, in: writing)
    var merge = try RunMerge(runs[first...])
    while let entry = try merge.next() {
      // Those of packs that are gone are left out.
      if packs.isThere(Int(entry.place.pack)) { try run.append(entry) }
    }
    try run.finish()
    for old in runs[first...] {
      try writing.drop(old.name.entries)
      try writing.drop(old.name.filter)
    }
    try save(runs[..<first].map(\.name) + [name], in: writing)
    try writing.commit(.checkpoint)
    return try SavedIndex(store, path, repository, isWritable: true)
  }

  private func save(
    _ names: [SavedRunName], in writing: WriteTransaction
  ) throws(TreeError) {
    var list = BinaryWriter()
    for name in names {
      list.append(name.number)
      list.append(name.blockCount)
    }
    try writing.tree("about").put(Self.runsKey.span.bytes, list.bytes.span.bytes)
  }

  private func save(
    _ packs: PackList, _ undescribed: Set<Digest>, in tree: WritableTree
  ) throws(TreeError) {
    for number in 0..<packs.count {
      let pack = packs[number]
      var writer = BinaryWriter(reserving: 45)
      pack.digest.withBytes { writer.append($0) }
      writer.append(pack.size)
      writer.append(UInt32(pack.payloadOffset))
      let counts = packs.isThere(number) && !undescribed.contains(pack.digest)
      writer.append([counts ? 0 : 1])
      let key = withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) }
      if try tree.value(for: key.span.bytes) != writer.bytes {
        try tree.put(key.span.bytes, writer.bytes.span.bytes)
      }
    }
  }

  private func save(_ blobs: IndexBlobSet, in tree: WritableTree) throws(TreeError) {
    try tree.remove(ranks: 0..<tree.count)
    var batch = TreeBatch()
    blobs.forEach { (digest, size, replacer) in
      var writer = BinaryWriter(reserving: 40)
      writer.append(size)
      (replacer ?? Self.none).withBytes { writer.append($0) }
      digest.withBytes { batch.put($0, writer.bytes.span.bytes) }
    }
    try tree.apply(&batch)
  }

  // MARK: Failures

  /// A file that is damaged is removed, so that the next run makes it anew.
  private func failure(_ error: TreeError) -> ChunkStoreError {
    if error.code == .damaged, isWritable {
      try? Self.remove(path)
      return ChunkStoreError(
        .temporary,
        "the local index \(path) is damaged (\(error)) and was removed; try again, and it is made "
          + "anew from the repository")
    }
    return Self.failure(error, path)
  }

  private static func failure(_ error: TreeError, _ path: FilePath) -> ChunkStoreError {
    ChunkStoreError(
      .targetFailed, "the local index \(path) cannot be used (\(error))", cause: error.cause)
  }
}
