import CairnChunks
import CairnCore
import Synchronization
import SystemPackage

/// One restore, on a thread of its own: reads entries in order, makes directories, and hands files
/// to workers.
final class RestoreRun {
  private let repository: Repository
  private let snapshot: Snapshot
  private let destination: RestoreDestination
  private let reporter: RunReporter
  private let problems: SharedProblems
  private let workers = ThreadPool(limit: availableProcessors())
  private let cursor: EntryCursor

  /// The directories on the way to the current entry.
  private var directories: [Level] = []
  /// The key of the last of them; those of the others are the beginnings of it.
  private var directoryKey: [UInt8] = []
  /// The directory that could not be made last: what is below it is passed over.
  private var lostDirectory: [UInt8]?

  private struct Level {
    let keyLength: Int
    let directory: RestoredDirectory
    /// What the directory will look like.
    let metadata: FileMetadata?
  }

  private var jobs: OrderedJobs<RestoreBatch.Outcome>
  private var batch = RestoreBatch()
  /// Batches that wait for the first chunks of their files, where the repository is far away.
  private var waiting: [RestoreBatch] = []
  /// Keeps the nodes of the snapshot that come next.
  private var nodesAhead: [ReadAhead] = []
  private var linkedFiles = LinkedFiles()
  private var report = RestoreReport()
  private var seen: Int64 = 0

  /// How many batches wait at most: workers take one in some 5 ms.
  private static let batchesAhead = 24
  private static let nodeCountAhead = 16

  /// A file of at least this size is written by several workers at once.
  private static let largeFile: UInt64 = 8 << 20

  init(
    _ snapshot: Snapshot, from repository: Repository, to path: FilePath, _ options: RestoreOptions,
    reporter: RunReporter
  ) throws(ChunkStoreError) {
    self.repository = repository
    self.snapshot = snapshot
    self.reporter = reporter
    let problems = SharedProblems()
    self.problems = problems
    do {
      destination = try RestoreDestination(path, options: options) { error in
        problems.append(FileProblem(path: error.subject, message: error.description))
      }
    } catch {
      throw ChunkStoreError(.invalid, "cannot restore there", cause: error)
    }
    cursor = try EntryCursor(snapshot.tree, ChunkReader(repository, blockBudget: 1 << 20))
    jobs = OrderedJobs(on: workers, depth: workers.limit * 4)
  }

  func run(_ ranges: [Range<UInt64>]) throws(ChunkStoreError) -> RestoreReport {
    do throws(ChunkStoreError) {
      for range in ranges { try restore(range) }
      try handOverAll()
      leaveDirectories(downTo: 0)
      while jobs.count > 0 { try takeResult() }
      try reporter.check()
    } catch {
      while jobs.next() != nil {}
      throw error
    }
    destination.root.leave()
    let collected = problems.list
    report.problems = collected.problems
    report.unlistedProblems = collected.unlisted
    reporter.finish(files: seen, bytes: report.bytes)
    return report
  }

  private func restore(_ range: Range<UInt64>) throws(ChunkStoreError) {
    guard !range.isEmpty else { return }
    try cursor.seekReadable(toRank: range.lowerBound, onLoss: addLoss)
    guard cursor.isValid, cursor.rank < range.upperBound else { return }
    try enterParents(of: cursor.key)
    while cursor.isValid, cursor.rank < range.upperBound {
      readNodesAhead()
      try visit(cursor)
      seen += 1
      try reporter.report(files: seen, bytes: report.bytes)
      try cursor.nextReadable(onLoss: addLoss)
    }
  }

  /// Asks for the nodes behind one that begins here.
  private func readNodesAhead() {
    guard repository.isFar, cursor.subtree(upTo: 0) != nil else { return }
    nodesAhead = (0...1).compactMap { level in
      let next = cursor.siblings(level: level).dropFirst()
      return repository.readAhead(next.prefix(level == 0 ? Self.nodeCountAhead : 1))
    }
  }

  private func addLoss(_ count: UInt64, _ error: ChunkStoreError) {
    let path = SnapshotEntry.displayPath(cursor.key)
    problems.append(
      FileProblem(
        path: path, message: "the \(count) entries from here on cannot be read: \(error)"))
  }

  // MARK: Directories

  /// Makes the directories above the first entry of a range, which may itself be deep in the tree.
  private func enterParents(of key: [UInt8]) throws(ChunkStoreError) {
    leaveDirectories(notAbove: key[...])
    let parents = try EntryCursor(snapshot.tree, ChunkReader(repository, blockBudget: 256 << 10))
    let known = directories.last?.keyLength ?? 0
    for end in key.indices where key[end] == 0 && end > known {
      try parents.seek(toKey: Array(key[..<end]))
      // Where there is none, it is made up below.
      if parents.isValid, parents.key.elementsEqual(key[..<end]) { try visit(parents) }
    }
  }

  /// Leaves the directories that are not on the way to a key.
  private func leaveDirectories(notAbove key: ArraySlice<UInt8>) {
    var count = directories.count
    while count > 0, !Self.isAtOrBelow(directoryKey[..<directories[count - 1].keyLength], key) {
      count -= 1
    }
    leaveDirectories(downTo: count)
  }

  private func leaveDirectories(downTo count: Int) {
    while directories.count > count {
      let last = directories.removeLast()
      // Files that wait in the batch hold their directories, so this may finish later.
      last.directory.leave(last.metadata)
    }
    directoryKey.removeLast(directoryKey.count - (directories.last?.keyLength ?? 0))
  }

  /// Whether `key` is that of `directory` or of something below it.
  private static func isAtOrBelow(
    _ directory: ArraySlice<UInt8>, _ key: ArraySlice<UInt8>
  ) -> Bool {
    guard key.starts(with: directory) else { return false }
    return key.count == directory.count || key[key.startIndex + directory.count] == 0
  }

  private func enter(
    _ directory: RestoredDirectory, _ key: some Collection<UInt8>, _ metadata: FileMetadata?
  ) {
    directories.append(
      Level(keyLength: key.count, directory: directory, metadata: metadata))
    directoryKey.append(contentsOf: key.dropFirst(directoryKey.count))
  }

  /// The directory of an entry; `nil` if it could not be made, which is reported once.
  private func parent(of key: [UInt8], nameStart: Int) throws(ChunkStoreError) -> RestoredDirectory?
  {
    guard nameStart > 0 else {
      leaveDirectories(downTo: 0)
      return destination.root
    }
    let parentKey = key[..<(nameStart - 1)]
    leaveDirectories(notAbove: parentKey)
    if let last = directories.last, last.keyLength == parentKey.count { return last.directory }
    if let lostDirectory, Self.isAtOrBelow(lostDirectory[...], parentKey) { return nil }
    // The snapshot has lost the entries of the directories that are missing.
    var start = directories.last.map { $0.keyLength + 1 } ?? 0
    while start <= parentKey.endIndex {
      let end = parentKey[start...].firstIndex(of: 0) ?? parentKey.endIndex
      let path = SnapshotEntry.displayPath(Array(parentKey[..<end]))
      do throws(IOError) {
        let name = Array(parentKey[start..<end])
        let directory = try (directories.last?.directory ?? destination.root)
          .makeDirectory(name.span.bytes)
        enter(directory, parentKey[..<end], nil)
        problems.append(
          FileProblem(
            path: path,
            message: "the snapshot does not describe this directory; it has no attributes"))
      } catch {
        lostDirectory = Array(parentKey[..<end])
        try add(path, error)
        return nil
      }
      start = end + 1
    }
    return directories.last?.directory
  }

  // MARK: Entries

  private func visit(_ cursor: EntryCursor) throws(ChunkStoreError) {
    let entry: SnapshotEntry
    do throws(ChunkStoreError) {
      entry = try cursor.snapshotEntry()
    } catch {
      problems.append(
        FileProblem(
          path: SnapshotEntry.displayPath(cursor.key), message: error.description))
      return
    }
    let nameStart = entry.key.lastIndex(of: 0).map { $0 + 1 } ?? 0
    guard let parent = try parent(of: entry.key, nameStart: nameStart) else { return }
    let name = Array(entry.key[nameStart...])
    do throws(IOError) {
      switch entry.metadata.kind {
      case .directory:
        enter(try parent.makeDirectory(name.span.bytes), entry.key, entry.metadata)
        report.directories += 1
        return
      case .regular:
        break
      default:
        try parent.createEntry(name.span.bytes, entry.metadata)
        report.others += 1
        return
      }
    } catch {
      if entry.metadata.kind == .directory { lostDirectory = entry.key }
      return try add(entry.path, error)
    }
    try restoreFile(entry, name, in: parent)
  }

  // MARK: Files

  private func restoreFile(
    _ entry: SnapshotEntry, _ name: [UInt8], in parent: RestoredDirectory
  ) throws(ChunkStoreError) {
    guard let content = entry.content else {
      return try add(
        entry.path,
        IOError(.malformed, operation: "restore", subject: entry.path, detail: "it has no content"))
    }
    let role = linkedFiles.role(of: entry, content)
    if role != .link, case .stream(let stream) = content, stream.byteCount >= Self.largeFile {
      let isRestored = try restoreLarge(entry, stream, name, in: parent)
      if role == .first { linkedFiles.finish(entry, isRestored: isRestored) }
      return
    }
    parent.hold()
    batch.append(
      RestoreBatch.Item(
        entry: entry, name: name, directory: parent, content: content, role: role))
    if batch.isFull { try submit() }
  }

  private func restoreLarge(
    _ entry: SnapshotEntry, _ stream: Content, _ name: [UInt8], in parent: RestoredDirectory
  ) throws(ChunkStoreError) -> Bool {
    try handOverAll()
    let file = LargeFileRestore(repository: repository, workers: workers, reporter: reporter)
    do throws(IOError) {
      try file.restore(entry, stream, name, in: parent)
    } catch {
      try reporter.check()
      let damage = try repository.withReader { (reader) throws(ChunkStoreError) in
        parent.restoreReadable(entry, stream, name, ContentReader(reader))
      }
      try add(entry.path, damage ?? error)
      if damage == nil { return false }
    }
    add(files: 1, bytes: Int64(clamping: stream.byteCount))
    return true
  }

  /// Ends the batch: its files are next after those that wait.
  private func submit() throws(ChunkStoreError) {
    guard !batch.items.isEmpty else { return }
    batch.readTopsAhead(in: repository)
    waiting.append(batch)
    batch = RestoreBatch()
    let isPatient = repository.isFar && !repository.hasReadEnoughAhead
    while waiting.count > (isPatient ? Self.batchesAhead : 0) { try handOver() }
  }

  /// Gives the batch that waits longest to the workers.
  private func handOver() throws(ChunkStoreError) {
    var full = waiting.removeFirst()
    if repository.isFar { full.readLeavesAhead(in: repository) }
    if jobs.isFull { try takeResult() }
    jobs.submit { [repository, full] in full.restore(from: repository) }
  }

  private func handOverAll() throws(ChunkStoreError) {
    try submit()
    while !waiting.isEmpty { try handOver() }
  }

  private func takeResult() throws(ChunkStoreError) {
    guard let outcome = jobs.next() else { return }
    add(files: outcome.files, bytes: outcome.bytes)
    for (path, error) in outcome.problems { try add(path, error) }
    for (item, isRestored) in outcome.linked {
      let isRestored = item.role == .link ? try link(item) : isRestored
      linkedFiles.finish(item.entry, isRestored: isRestored)
    }
  }

  /// Restores one more name of a file, after all that came before it.
  ///
  /// - Returns: whether it became a file that others can be linked to.
  private func link(_ item: RestoreBatch.Item) throws(ChunkStoreError) -> Bool {
    if let key = linkedFiles.restoredKey(of: item.entry) {
      do throws(IOError) {
        try item.directory.createHardLink(item.name.span.bytes, to: key.span.bytes)
        item.directory.release()
        add(files: 1, bytes: 0)
        return false
      } catch {
        // The file system has no links, or the file has as many as it can: go on with another.
      }
    }
    var single = RestoreBatch()
    single.append(
      RestoreBatch.Item(
        entry: item.entry, name: item.name, directory: item.directory, content: item.content,
        role: .single))
    let outcome = single.restore(from: repository)
    add(files: outcome.files, bytes: outcome.bytes)
    for (path, error) in outcome.problems { try add(path, error) }
    return outcome.files > 0
  }

  private func add(files: Int64, bytes: Int64) {
    report.files += files
    // A snapshot may claim that each of many files has the size of a disk.
    let (sum, overflow) = report.bytes.addingReportingOverflow(bytes)
    report.bytes = overflow ? .max : sum
  }

  /// Takes note of an entry that could not be restored; ends the restore if no other could be.
  private func add(_ path: String, _ error: IOError) throws(ChunkStoreError) {
    if let errno = error.errno, [.noSpace, .diskQuotaExceeded, .readOnlyFileSystem].contains(errno)
    {
      throw ChunkStoreError(.invalid, "the destination takes no more files", cause: error)
    }
    problems.append(FileProblem(path: path, message: error.description))
  }
}

/// Problems that several threads find.
final class SharedProblems: Sendable {
  private let problems = Mutex(ProblemList())
  func append(_ problem: FileProblem) { problems.withLock { $0.append(problem) } }
  var list: ProblemList { problems.withLock { $0 } }
}

extension IOError {
  /// An error of the store as what it means for one file.
  init(wrapping error: ChunkStoreError) {
    // The cause of any other than the host's is about the repository, not about the file.
    if error.code == .host, let cause = error.cause {
      self = cause
    } else {
      self = IOError(
        .malformed, operation: "read", subject: "the file's content", detail: error.description)
    }
  }
}
