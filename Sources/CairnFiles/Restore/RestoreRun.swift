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

  /// The directories on the way to the current entry, and what they will look like.
  private var directories: [(key: [UInt8], directory: RestoredDirectory, metadata: FileMetadata?)] =
    []
  private var jobs: OrderedJobs<RestoreBatch.Outcome>
  private var batch = RestoreBatch()
  /// Where the first link to a file with several was restored.
  private var linkedFiles: [FileIdentity: LinkedFile] = [:]
  private var report = RestoreReport()
  private var seen: Int64 = 0

  private struct FileIdentity: Hashable {
    let device: UInt64
    let inode: UInt64
  }

  private struct LinkedFile {
    let key: [UInt8]
    var linksLeft: UInt64
  }

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
    jobs = OrderedJobs(on: workers, depth: workers.limit * 3)
  }

  func run(_ ranges: [Range<UInt64>]) throws(ChunkStoreError) -> RestoreReport {
    do {
      for range in ranges { try restore(range) }
      try submit()
      try leaveDirectories(except: 0)
      try drain()
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
    var rank = range.lowerBound
    var path = snapshot.name
    while rank < range.upperBound {
      do throws(ChunkStoreError) {
        try cursor.seek(toRank: rank)
        try enterParents(of: cursor.key)
        while cursor.isValid, cursor.rank < range.upperBound {
          let entry = try cursor.snapshotEntry()
          rank = cursor.rank + 1
          path = entry.path
          try visit(entry)
          seen += 1
          try reporter.report(files: seen, bytes: report.bytes)
          try cursor.next()
        }
        return
      } catch {
        // A lost node of the tree takes its entries with it, not those of other nodes.
        guard error.isAboutBlob else { throw error }
        let next = min(try cursor.rankBehindDamage(from: rank), range.upperBound)
        problems.append(
          FileProblem(
            path: path,
            message: "the \(next - rank) entries that follow \(path) are lost: \(error)"))
        rank = next
      }
    }
  }

  /// Makes the directories above the first entry of a range, which may itself be deep in the tree.
  ///
  /// One that is lost is reported, and made all the same for what is below it.
  private func enterParents(of key: [UInt8]) throws(ChunkStoreError) {
    guard key.contains(0) else { return }
    let parents = try EntryCursor(snapshot.tree, ChunkReader(repository, blockBudget: 256 << 10))
    for end in key.indices where key[end] == 0 {
      let parent = Array(key[..<end])
      if directories.contains(where: { $0.key == parent }) { continue }
      let entry: SnapshotEntry
      do throws(ChunkStoreError) {
        try parents.seek(toKey: parent)
        guard parents.isValid, parents.key == parent else {
          throw ChunkStoreError(.missing, "the snapshot lacks this directory")
        }
        entry = try parents.snapshotEntry()
      } catch {
        guard error.isAboutBlob else { throw error }
        let path = SnapshotEntry.displayPath(parent)
        problems.append(
          FileProblem(path: path, message: "the attributes of \(path) are lost: \(error)"))
        entry = SnapshotEntry(
          key: parent, metadata: FileMetadata(kind: .directory, permissions: 0o700), content: nil)
        try visit(entry, isLost: true)
        continue
      }
      try visit(entry)
    }
  }

  /// - Parameter isLost: it stands in for a directory whose own entry is lost.
  private func visit(
    _ entry: SnapshotEntry, isLost: Bool = false
  ) throws(ChunkStoreError) {
    let nameStart = entry.key.lastIndex(of: 0).map { $0 + 1 } ?? 0
    let parentKey = entry.key[..<max(0, nameStart - 1)]
    try leaveDirectories {
      !($0.isEmpty || parentKey.elementsEqual($0) || Self.isBelow(parentKey, $0))
    }
    let parent: RestoredDirectory
    if nameStart == 0 {
      parent = destination.root
    } else if let last = directories.last, last.key.elementsEqual(parentKey) {
      parent = last.directory
    } else {
      // Its directory could not be made, which was reported.
      return
    }
    let name = Array(entry.key[nameStart...])
    do throws(IOError) {
      switch entry.metadata.kind {
      case .directory:
        let directory = try parent.makeDirectory(name.span.bytes)
        directories.append((entry.key, directory, isLost ? nil : entry.metadata))
        report.directories += 1
      case .regular:
        try restoreFile(entry, name, in: parent)
      default:
        try parent.createEntry(name.span.bytes, entry.metadata)
        report.others += 1
      }
    } catch {
      try add(entry.path, error)
    }
  }

  private static func isBelow(_ key: ArraySlice<UInt8>, _ directory: [UInt8]) -> Bool {
    key.count > directory.count && key.starts(with: directory)
      && key[key.startIndex + directory.count] == 0
  }

  private func leaveDirectories(except count: Int) throws(ChunkStoreError) {
    while directories.count > count {
      let last = directories.removeLast()
      // Files that wait in the batch hold their directories, so this may finish later.
      last.directory.leave(last.metadata)
    }
  }

  private func leaveDirectories(
    while isLeft: ([UInt8]) -> Bool
  ) throws(ChunkStoreError) {
    while let last = directories.last, isLeft(last.key) {
      try leaveDirectories(except: directories.count - 1)
    }
  }

  // MARK: Files

  private func restoreFile(
    _ entry: SnapshotEntry, _ name: [UInt8], in parent: RestoredDirectory
  ) throws(IOError) {
    do throws(ChunkStoreError) {
      if entry.metadata.linkCount > 1, try link(entry, name, in: parent) { return }
      guard let content = entry.content else {
        return try add(
          entry.path,
          IOError(
            .malformed, operation: "restore", subject: entry.path, detail: "it has no content"))
      }
      if case .stream(let stream) = content, stream.byteCount >= Self.largeFile {
        try submit()
        try drain()
        let file = LargeFileRestore(repository: repository, workers: workers, reporter: reporter)
        do throws(IOError) {
          try file.restore(entry, stream, name, in: parent)
          report.files += 1
          report.bytes += Int64(stream.byteCount)
        } catch {
          try add(entry.path, error)
        }
        return
      }
      parent.hold()
      batch.append(entry, name: name, in: parent, content)
      if batch.isFull { try submit() }
    } catch {
      throw IOError(wrapping: error)
    }
  }

  /// Restores a file as another link to one that was restored before, if there is one.
  private func link(
    _ entry: SnapshotEntry, _ name: [UInt8], in parent: RestoredDirectory
  ) throws(ChunkStoreError) -> Bool {
    let identity = FileIdentity(device: entry.metadata.device, inode: entry.metadata.inode)
    guard var first = linkedFiles[identity] else {
      linkedFiles[identity] = LinkedFile(
        key: entry.key, linksLeft: entry.metadata.linkCount - 1)
      return false
    }
    first.linksLeft -= 1
    linkedFiles[identity] = first.linksLeft == 0 ? nil : first
    // The first may still wait in a batch.
    try submit()
    try drain()
    do throws(IOError) {
      try parent.createHardLink(name.span.bytes, to: first.key.span.bytes)
    } catch {
      // The first could not be restored, or its file system has no links: then this is a file of its own.
      return false
    }
    report.files += 1
    return true
  }

  private func submit() throws(ChunkStoreError) {
    guard !batch.items.isEmpty else { return }
    if jobs.isFull { try takeResult() }
    let (repository, full) = (repository, batch)
    batch = RestoreBatch()
    jobs.submit { full.restore(from: repository) }
  }

  private func takeResult() throws(ChunkStoreError) {
    guard let outcome = jobs.next() else { return }
    report.files += outcome.files
    report.bytes += outcome.bytes
    for (path, error) in outcome.problems { try add(path, error) }
  }

  private func drain() throws(ChunkStoreError) {
    while jobs.count > 0 { try takeResult() }
  }

  /// Takes note of a file that could not be restored; ends the restore if no other could be.
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
    self =
      error.cause
      ?? IOError(
        .malformed, operation: "read", subject: "the file's content", detail: error.description)
  }
}
