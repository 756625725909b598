import CairnChunks
import CairnCore
import CairnCrypto
import SystemPackage

/// One backup, on a thread of its own: takes what another one finds that walks, decides, hands files
/// to workers, and puts what comes back into the tree, in order.
final class BackupRun {
  private let core: SessionCore
  private let options: BackupOptions
  private let storer: FileStorer
  private let startTime: Int64
  private let places: [WalkRoot]
  private let sources: [String]
  private let reporter: RunReporter

  private let walk: WalkAhead
  /// What was found of the walk and is looked at.
  private var walked = WalkBatch()
  private let builder: EntryTreeBuilder
  private let localWriter: LocalChunksWriter?
  private var localProblem: String?
  private var jobs: OrderedJobs<FileBatchResult>
  private var batch = FileBatch()

  private let previousSnapshot: Snapshot?
  private var previous: EntryCursor?
  private var previousContents: ContentCheck?
  private var previousProblem: String?
  /// A file changed no earlier than this may have changed again after the previous run read it
  /// without its times telling: clocks of file systems tick.
  private let previousTime: Int64

  private var problems = ProblemList()
  private var skipped = ProblemList()
  private var files: Int64 = 0
  private var directories: Int64 = 0
  private var others: Int64 = 0
  private var unchangedFiles: Int64 = 0
  private var bytes: Int64 = 0
  private var readBytes: Int64 = 0
  /// The current entry's.
  private let key = ByteBuffer(capacity: EntryTree.maximumKeyLength)

  /// What a leaf keeps stored of files that changed or went away is little beside the leaf.
  private static let deltas = DeltaPolicy.leaves(unreachableWeight: 64 << 10)
  /// A file of at least this size is cut by this thread and stored by all workers.
  private static let largeFile: Int64 = 8 << 20
  /// Batches may hold directories open; beyond this many none is begun before some are done.
  private let openDirectoryLimit: Int

  init(
    _ core: SessionCore, _ places: [WalkRoot], previous: Snapshot?, previousProblem: String?,
    local: LocalCopy, options: BackupOptions, startTime: Int64, reporter: RunReporter
  ) throws(ChunkStoreError) {
    self.core = core
    self.options = options
    self.startTime = startTime
    self.reporter = reporter
    self.places = places
    sources = places.map { $0.path.displayText }
    var walkOptions = WalkOptions()
    walkOptions.staysOnFileSystem = options.staysOnFileSystem
    if !options.exclude.isEmpty {
      let exclude = options.exclude
      walkOptions.isExcluded = { exclude.matches($0, kind: $1) }
    }
    do {
      for place in places { try place.checkExists() }
      let limit = min(400, openFileLimit() / 4)
      openDirectoryLimit = limit
      walk = WalkAhead(
        try SortedWalk(places, options: walkOptions), keyLimit: EntryTree.maximumKeyLength,
        openDirectories: limit / 3)
    } catch {
      throw ChunkStoreError(.invalid, "these places cannot be backed up", cause: error)
    }
    storer = FileStorer(
      core: core, owners: OwnerNames(), inlineLimit: options.inlineLimit,
      displayPath: { WalkRoot.displayPath(of: $0, in: places) })
    do {
      localWriter = try local.makeWriter()
    } catch {
      localWriter = nil
      localProblem = error.description
    }
    let nodeSize = core.repository.layout.nodeSize
    let reader = ChunkReader(core.repository, blockBudget: 1 << 20, local: local.chunks)
    if let previous {
      builder = EntryTreeBuilder(
        nodeSize: nodeSize, revising: previous.tree, Self.deltas, reader, copyingTo: localWriter)
    } else {
      builder = EntryTreeBuilder(nodeSize: nodeSize, copyingTo: localWriter)
    }
    // Deep enough that one slow batch does not leave workers idle; a batch holds no content of files
    // but what travels in entries.
    jobs = OrderedJobs(on: core.workers, depth: core.workers.limit * 8)
    previousSnapshot = previous
    self.previousProblem = previousProblem
    previousTime = max(0, previous?.startTime ?? 0)
    guard let previous else { return }
    try comparing { () throws(ChunkStoreError) in
      previousContents = ContentCheck(
        index: core.index,
        reader: core.repository.capability == .writer ? nil : ContentReader(reader))
      let cursor = try EntryCursor(previous.tree, reader)
      self.previous = cursor
      try cursor.seekReadable(toRank: 0, onLoss: addLoss)
    }
  }

  /// Runs something that reads the previous snapshot, without which the backup goes on if that is
  /// damaged.
  private func comparing(
    _ body: () throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    do throws(ChunkStoreError) {
      try body()
    } catch {
      guard error.code == .damaged || error.code == .missing else { throw error }
      previousProblem = previousProblem ?? error.description
      previous = nil
    }
  }

  private func addLoss(_ count: UInt64, _ error: ChunkStoreError) {
    previousProblem = previousProblem ?? error.description
  }

  func run() throws(ChunkStoreError) -> BackupReport {
    let session = core
    let tree: EntryTree
    do {
      tree = try session.withLane { (lane) throws(ChunkStoreError) in
        try walkAll(lane)
        try submitBatch(lane)
        while jobs.count > 0 { try takeResult(lane) }
        return try builder.finish(lane)
      }
    } catch {
      // Others still use this run's files; none may be left when it is gone.
      walk.stop()
      while jobs.next() != nil {}
      throw error
    }
    return try publish(tree)
  }

  private func publish(_ tree: EntryTree) throws(ChunkStoreError) -> BackupReport {
    let record = SnapshotRecord(
      tree: tree, startTime: startTime, host: options.host, sources: sources, tags: options.tags)
    let chunk = try core.withLane { (lane) throws(ChunkStoreError) in
      try tree.root.digest.withBytes { (link) throws(ChunkStoreError) in
        try record.encoded().withRawBytes { (data) throws(ChunkStoreError) in
          try link.withUnsafeBytes { (links) throws(ChunkStoreError) in
            localWriter?.append(links: links, data: data)
            return try lane.store(links: links, data: data, in: .nodes)
          }
        }
      }
    }
    try reporter.check()
    let root = try core.publish(
      name: options.name, chunk: chunk,
      fields: [SnapshotRecord.kindField: SnapshotRecord.kind], time: currentTime())
    do {
      try localWriter?.publish()
    } catch {
      localProblem = error.description
    }
    reporter.finish(files: files, bytes: bytes)
    return BackupReport(
      snapshot: Snapshot(
        id: root.id, name: root.name, startTime: startTime, time: root.time, tree: tree,
        tags: options.tags, host: options.host, sources: sources),
      previous: previousSnapshot?.id.description, previousProblem: previousProblem,
      localProblem: localProblem, files: files,
      directories: directories,
      others: others, unchangedFiles: unchangedFiles, bytes: bytes, readBytes: readBytes,
      problems: problems.problems, skipped: skipped.problems, unlistedProblems: problems.unlisted,
      store: core.statistics.snapshot, stages: core.times.snapshot)
  }

  // MARK: Walking

  private func walkAll(_ lane: Lane) throws(ChunkStoreError) {
    while let found = walk.next() {
      walked = found
      for item in found.items {
        takeKey(item.key)
        switch item.finding {
        case .problem(let error):
          problems.append(FileProblem(path: currentPath(), message: error.description))
        case .entry(let entry):
          try visit(entry, isKeyWhole: item.isKeyWhole, lane)
        }
        try reporter.report(files: files, bytes: bytes)
      }
    }
    walked = WalkBatch()
    walk.stop()
  }

  private func visit(
    _ entry: WalkBatch.Entry, isKeyWhole: Bool, _ lane: Lane
  ) throws(ChunkStoreError) {
    let status = entry.status
    if status.kind == .socket || status.kind == .unknown {
      skipped.append(
        FileProblem(
          path: currentPath(),
          message: status.kind == .socket
            ? "sockets are not backed up; programs make them anew"
            : "it is of a kind that cannot be backed up"))
      return
    }
    guard isKeyWhole else {
      problems.append(
        FileProblem(
          path: currentPath(), message: "its path is longer than \(key.capacity) bytes"))
      return
    }
    if try takeFromPrevious(status, lane) { return }
    if status.kind == .regular { options.willRead?(key.bytes.bytes, status.size) }
    switch status.kind {
    case .regular where status.size >= Self.largeFile:
      try storeLarge(entry, lane)
    case .regular:
      walked.withFileName(of: entry) { name in
        batch.append(key: key.bytes, fileName: name, in: entry.parent, status: status)
      }
      if batch.isFull || walk.openDirectoryCount > openDirectoryLimit {
        try submitBatch(lane)
        while walk.openDirectoryCount > openDirectoryLimit, jobs.count > 0 {
          try takeResult(lane)
        }
      }
    default:
      try describe(entry, lane)
    }
  }

  /// Counts an entry that is in the snapshot.
  private func count(_ kind: FileKind, byteCount: UInt64) {
    switch kind {
    case .regular:
      files += 1
      bytes += Int64(clamping: byteCount)
    case .directory: directories += 1
    default: others += 1
    }
  }

  /// Uses the previous snapshot's entry if it says that nothing changed.
  private func takeFromPrevious(
    _ status: FileStatus, _ lane: Lane
  ) throws(ChunkStoreError) -> Bool {
    try comparing { () throws(ChunkStoreError) in
      try previous?.advance(to: key.bytes, onLoss: addLoss)
    }
    guard let previous, previous.isAt(key.bytes), isSettled(status) else { return false }
    let contents = previousContents
    let isUsable = try previous.withEntry { (value, links) throws(ChunkStoreError) -> Bool in
      guard FileMetadata.isUnchanged(encoded: value.bytes, status: status) else { return false }
      // What the repository has lost is read again.
      return try contents?.isWhole(value: value, links: links) ?? false
    }
    guard isUsable else { return false }
    if status.kind == .regular { unchangedFiles += 1 }
    count(status.kind, byteCount: previous.weight)
    try previous.withEntry { (value, links) throws(ChunkStoreError) in
      try append(value: value, links: links, weight: previous.weight, lane)
    }
    return true
  }

  /// Whether a change after the previous run read the file would show in its times.
  private func isSettled(_ status: FileStatus) -> Bool {
    let isCoarse = status.changeTime % 1_000_000_000 == 0
    let tick: Int64 = isCoarse ? 2_000_000_000 : 20_000_000
    return status.changeTime < previousTime - tick
  }

  /// Describes what has no content: directories, links, fifos, devices.
  private func describe(
    _ entry: WalkBatch.Entry, _ lane: Lane
  ) throws(ChunkStoreError) {
    let status = entry.status
    var found: [IOError] = []
    let metadata: FileMetadata
    do throws(IOError) {
      if let directory = entry.directory {
        metadata = FileMetadata.read(
          directory.descriptor, status: status, owners: storer.owners, path: currentPath()
        ) { found.append($0) }
      } else {
        let (parent, owners) = (entry.parent, storer.owners)
        metadata = try walked.withFileName(of: entry) { (name) throws(IOError) in
          try FileMetadata.read(
            name, in: parent, status: status, owners: owners, path: self.currentPath()
          ) { found.append($0) }
        }
      }
    } catch {
      problems.append(FileProblem(path: currentPath(), message: error.description))
      return
    }
    for error in found {
      problems.append(FileProblem(path: currentPath(), message: error.description))
    }
    count(status.kind, byteCount: 0)
    var value: [UInt8] = []
    metadata.encode(into: &value)
    value.append(FileContentCoding.none)
    try value.withRawBytes { (value) throws(ChunkStoreError) in
      try append(
        value: value, links: UnsafeRawBufferPointer(start: nil, count: 0), weight: 0, lane)
    }
  }

  private func takeKey(_ range: Range<Int>) {
    key.removeAll()
    walked.keys.withRawBytes { key.append(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  /// The path of the key that was taken.
  private func currentPath() -> String {
    WalkRoot.displayPath(of: Array(key.bytes), in: places)
  }

  // MARK: Entries in order

  /// Appends an entry that is known, behind those that are not.
  private func append(
    value: UnsafeRawBufferPointer, links: UnsafeRawBufferPointer, weight: UInt64, _ lane: Lane
  ) throws(ChunkStoreError) {
    if batch.isEmpty, jobs.count == 0 {
      try builder.append(key: key.bytes, value: value, links: links, weight: weight, lane)
      return
    }
    batch.append(key: key.bytes, value: value, links: links, weight: weight)
    if batch.isFull { try submitBatch(lane) }
  }

  private func submitBatch(_ lane: Lane) throws(ChunkStoreError) {
    guard !batch.isEmpty else { return }
    if jobs.isFull { try takeResult(lane) }
    let (storer, full) = (storer, batch)
    batch = FileBatch()
    jobs.submit { storer.process(full) }
  }

  private func takeResult(_ lane: Lane) throws(ChunkStoreError) {
    guard let result = jobs.next() else { return }
    problems.append(contentsOf: result.problems)
    readBytes += result.readBytes
    files += result.files
    bytes += result.bytes
    if let failure = result.failure { throw failure }
    var (key, value, link) = (0, 0, 0)
    try result.keys.withRawBytes { (keys) throws(ChunkStoreError) in
      try result.values.withRawBytes { (values) throws(ChunkStoreError) in
        try result.links.withRawBytes { (links) throws(ChunkStoreError) in
          for item in result.items {
            try builder.append(
              key: UnsafeRawBufferPointer(rebasing: keys[key..<key + item.keyLength]),
              value: UnsafeRawBufferPointer(rebasing: values[value..<value + item.valueLength]),
              links: UnsafeRawBufferPointer(rebasing: links[link..<link + item.linkLength]),
              weight: item.weight, lane)
            key += item.keyLength
            value += item.valueLength
            link += item.linkLength
          }
        }
      }
    }
  }

  // MARK: Large files

  /// Stores a large file with all workers; this thread reads and cuts.
  private func storeLarge(
    _ entry: WalkBatch.Entry, _ lane: Lane
  ) throws(ChunkStoreError) {
    try submitBatch(lane)
    let large = LargeFile(core: core, storer: storer, reporter: reporter)
    let places = places
    let key = Array(key.bytes)
    let outcome = try walked.withFileName(of: entry) { (name) throws(ChunkStoreError) in
      try large.store(name, in: entry.parent, entry.status) {
        WalkRoot.displayPath(of: key, in: places)
      }
    }
    for problem in outcome.problems { problems.append(problem) }
    readBytes += outcome.readBytes
    guard let stored = outcome.stored else { return }
    count(.regular, byteCount: stored.content.byteCount)
    var value: [UInt8] = []
    stored.metadata.encode(into: &value)
    FileContentCoding.append(stored.content, to: &value)
    try value.withRawBytes { (value) throws(ChunkStoreError) in
      try stored.content.root.digest.withBytes { (link) throws(ChunkStoreError) in
        try link.withUnsafeBytes { (links) throws(ChunkStoreError) in
          try append(value: value, links: links, weight: stored.content.byteCount, lane)
        }
      }
    }
  }
}

extension EntryCursor {
  /// Goes forward to the first entry that can be read and whose key is not before `key`.
  func advance(
    to key: UnsafeRawBufferPointer, onLoss: (UInt64, ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    while isValid, withKey({ compareBytes($0, key) }) < 0 { try nextReadable(onLoss: onLoss) }
  }

  func isAt(_ key: UnsafeRawBufferPointer) -> Bool {
    isValid && withKey { compareBytes($0, key) } == 0
  }
}

/// -1, 0 or 1 as the first is before, equal to or behind the second.
func compareBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
  let count = min(left.count, right.count)
  for position in 0..<count where left[position] != right[position] {
    return left[position] < right[position] ? -1 : 1
  }
  return left.count == right.count ? 0 : left.count < right.count ? -1 : 1
}
