import Cairn
import CommandSupport
import Synchronization
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What a run writes into its log, one of those of this machine's runs on a repository.
///
/// The run is the entry without parent; under it are the folders with the files that it read, and what
/// went wrong. What cannot be logged does not hinder the run: there is a warning, and no more is
/// logged.
final class RunLog: Sendable {
  private struct State: Sendable {
    /// `nil` when nothing more is logged.
    var log: Log?
    let run: EntryID
    /// The key of the folder in which files are logged, and the entries of its components.
    var folder: [UInt8] = []
    var folders: [EntryID] = []
    /// Of the file that is logged: the array is used again and again.
    var fields = [LogField("size", 0)]
  }

  private let state: Mutex<State>

  /// What a backup's memory can do without.
  private static let cacheBytes = 2 << 20
  /// How often somebody who looks on sees something new, and what is lost at most if the process is
  /// killed.
  private static let flushInterval = Duration.seconds(1)
  /// So many runs are kept: a year of daily ones.
  private static let runLimit = 366
  /// The bytes of all runs that are kept: some millions of files.
  private static let byteLimit: Int64 = 256 << 20
  /// How long runs are kept.
  private static let ageLimit = Duration.seconds(366 * 86_400)

  /// Where the logs of runs on a repository are.
  static func path(in local: LocalState) -> FilePath { local.folder.appending("runs") }

  /// Begins a run, and removes old ones.
  init(_ title: String, in local: LocalState) throws {
    let (log, runs) = try Self.start(Self.path(in: local))
    let run = try log.open(title)
    // Who lists the runs sees it from now on.
    try log.flush()
    state = Mutex(State(log: log, run: run))
    do throws(LogError) {
      try runs.prune(keep: Self.runLimit, maxBytes: Self.byteLimit, maxAge: Self.ageLimit)
    } catch {
      printError("logs of old runs are not removed: \(error)")
    }
  }

  /// Logs tell names of files: only their owner reads them.
  private static func start(_ path: FilePath) throws -> (Log, LogRuns) {
    let mask = umask(0o077)
    defer { umask(mask) }
    let runs = try LogRuns(path)
    let options = LogOptions(flushInterval: flushInterval, cacheBytes: cacheBytes)
    return (try runs.start(options), runs)
  }

  private func write(_ body: (inout State, Log) throws(LogError) -> Void) {
    let failure = state.withLock { state -> LogError? in
      guard let log = state.log else { return nil }
      do throws(LogError) {
        try body(&state, log)
        return nil
      } catch {
        state.log = nil
        return error
      }
    }
    if let failure { printError("the rest of this run is not logged: \(failure)") }
  }

  // MARK: While it runs

  /// Adds a file that is read, under its folder. Files come in the order of their keys, so that each
  /// folder is left once.
  func addFile(_ key: RawSpan, size: Int64) {
    key.withUnsafeBytes { key in
      write { (state, log) throws(LogError) in
        let end = key.lastIndex(of: 0) ?? 0
        let folder = UnsafeRawBufferPointer(rebasing: key[..<end])
        if !Self.isSame(folder, state.folder) { try Self.enter(folder, &state, log) }
        let name = key[(end == 0 ? 0 : end + 1)...]
        state.fields[0].value = .integer(size)
        try log.append(
          String(decoding: name, as: UTF8.self), .debug, under: state.folders.last ?? state.run,
          fields: state.fields)
      }
    }
  }

  private static func isSame(_ a: UnsafeRawBufferPointer, _ b: [UInt8]) -> Bool {
    b.withUnsafeBytes { b in
      guard a.count == b.count, let first = a.baseAddress, let second = b.baseAddress else {
        return a.isEmpty && b.isEmpty
      }
      return memcmp(first, second, a.count) == 0
    }
  }

  private static func enter(
    _ key: UnsafeRawBufferPointer, _ state: inout State, _ log: Log
  ) throws(LogError) {
    let old = state.folder.split(separator: 0)
    let new = key.split(separator: 0)
    var common = 0
    while common < min(old.count, new.count), old[common].elementsEqual(new[common]) { common += 1 }
    try leave(to: common, &state, log)
    for name in new[common...] {
      let folder = try log.open(
        String(decoding: name, as: UTF8.self), .debug, under: state.folders.last ?? state.run)
      state.folders.append(folder)
    }
    state.folder = Array(key)
  }

  private static func leave(
    to count: Int, _ state: inout State, _ log: Log
  ) throws(LogError) {
    while state.folders.count > count, let folder = state.folders.popLast() {
      try log.close(folder)
    }
  }

  // MARK: At its end

  private func end(_ result: String, _ body: (Log, EntryID) throws(LogError) -> Void) {
    write { (state, log) throws(LogError) in
      try Self.leave(to: 0, &state, log)
      state.folder = []
      try body(log, state.run)
      try log.close(state.run, result: result)
      try log.finish()
      state.log = nil
    }
  }

  func add(_ report: BackupReport) {
    let result =
      "snapshot \(report.snapshot.id.description.prefix(8)), "
      + "\(Formatting.count(report.files, "file")), "
      + "\(Formatting.count(report.unchangedFiles)) of them unchanged, "
      + "read \(Formatting.bytes(report.readBytes)), "
      + "stored \(Formatting.bytes(report.store.storedBytes))"
    end(result) { (log, run) throws(LogError) in
      if let problem = report.previousProblem { try log.append(problem, .warning, under: run) }
      try log.append(report.skipped, .notice, under: run)
      try log.append(report.problems, unlisted: report.unlistedProblems, under: run)
    }
  }

  func add(_ report: RestoreReport, of snapshot: Snapshot) {
    let result =
      "snapshot \(snapshot.id.description.prefix(8)), \(Formatting.count(report.files, "file")), "
      + Formatting.bytes(report.bytes)
    end(result) { (log, run) throws(LogError) in
      try log.append(report.problems, unlisted: report.unlistedProblems, under: run)
    }
  }

  func add(_ report: VerifyReport) {
    let result =
      "\(Formatting.count(report.roots, "snapshot")), \(Formatting.count(report.chunks, "chunk")), "
      + "read \(Formatting.bytes(report.readBytes)): "
      + (report.isSound ? "no problem was found" : "damage was found")
    end(result) { (log, run) throws(LogError) in
      for problem in report.problems { try log.append(problem.message, .error, under: run) }
      try log.appendUnlisted(report.unlistedProblems, under: run)
    }
  }

  /// The run ended before it was done.
  func fail(_ error: any Error) {
    end("failed") { (log, run) throws(LogError) in try log.append("\(error)", .error, under: run) }
  }
}

extension Log {
  fileprivate func append(
    _ problems: [FileProblem], _ severity: Severity = .error, unlisted: Int64 = 0,
    under run: EntryID
  ) throws(LogError) {
    for problem in problems { try append(problem.sentence, severity, under: run) }
    try appendUnlisted(unlisted, under: run)
  }

  fileprivate func appendUnlisted(_ count: Int64, under run: EntryID) throws(LogError) {
    if count > 0 {
      try append("\(Formatting.count(count, "more problem")) not listed", .error, under: run)
    }
  }
}
