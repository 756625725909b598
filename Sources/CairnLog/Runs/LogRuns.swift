import CairnCore
import CairnTree
public import SystemPackage

/// A directory of logs, one for each run of a program, of which the oldest can be removed.
///
/// Each run is a ``Log`` in a directory of its own, so that a run is removed at once and whole, and
/// what is removed takes nothing of the others. Any number of processes may start runs, read them and
/// remove old ones at the same time. Who has a run open for reading keeps what he sees when it is
/// removed.
///
/// It may be used from any thread. Calls block while they read or write the file system.
public struct LogRuns: Sendable {
  /// The directory.
  public let path: FilePath

  /// Names of runs are numbers of so many digits, or more.
  private static let digits = 8
  /// What the name of a run that is being removed ends with.
  private static let removedSuffix = ".removed"

  /// The runs in a directory, which is created if need be.
  ///
  /// - Throws: ``LogError``: `.storage`.
  public init(_ path: FilePath) throws(LogError) {
    self.path = path
    try path.makeLogDirectory()
  }

  // MARK: Runs

  /// All runs, the newest first.
  ///
  /// - Throws: ``LogError``: `.storage`.
  public func list() throws(LogError) -> [LogRun] {
    var runs: [LogRun] = []
    for number in try names().runs.sorted(by: >) {
      // One that is gone was removed by somebody meanwhile.
      if let run = try examine(number) { runs.append(run) }
    }
    return runs
  }

  /// Begins a run: an empty log with the next number, open for writing.
  ///
  /// - Throws: ``LogError`` as for ``Log/init(_:_:)``.
  public func start(_ options: LogOptions = LogOptions()) throws(LogError) -> Log {
    guard !options.isReadOnly else {
      throw LogError(.readOnly, "a run that is begun cannot be open for reading only")
    }
    var number = (try names().all.max() ?? 0) + 1
    while true {
      // Somebody else may begin one at the same time, or remove this one.
      while try !path(of: number).makeLogDirectory() { number += 1 }
      do throws(LogError) {
        return try Log(path(of: number), options)
      } catch {
        guard error.code == .busy else { throw error }
      }
    }
  }

  /// Opens a run for reading, or, if asked for, to go on with it.
  ///
  /// - Throws: ``LogError`` as for ``Log/init(_:_:)``; `.notFound` if there is no such run.
  public func open(
    _ number: Int, _ options: LogOptions = LogOptions(isReadOnly: true)
  ) throws(LogError) -> Log {
    guard try examine(number) != nil else {
      throw LogError(.notFound, "there is no run \(number) in \(path.displayText)")
    }
    return try Log(path(of: number), options)
  }

  /// The directory of a run.
  public func path(of number: Int) -> FilePath {
    let digits = String(number)
    let zeros = String(repeating: "0", count: max(0, Self.digits - digits.utf8.count))
    return path.appending(zeros + digits)
  }

  // MARK: Removing

  /// Removes the oldest runs until what is left is within all bounds.
  ///
  /// The newest run stays, and so does each that somebody has open for writing, whatever the bounds.
  /// A run is gone or whole at any time; if the process ends in between, its space is given back by
  /// the next call.
  ///
  /// - Parameters:
  ///   - count: How many runs are kept at most.
  ///   - maxBytes: How many bytes all of them may have together.
  ///   - maxAge: Runs to which nothing was written for longer are removed.
  /// - Returns: the runs that were removed, the oldest first.
  /// - Throws: ``LogError``: `.storage`.
  @discardableResult
  public func prune(
    keep count: Int? = nil, maxBytes: Int64? = nil, maxAge: Duration? = nil
  ) throws(LogError) -> [LogRun] {
    for name in try names().removed { try remove(path.appending(name)) }
    let runs = try list()
    var bytes = runs.reduce(0) { $0 + $1.byteCount }
    var left = runs.count
    var removed: [LogRun] = []
    let oldest = maxAge.map { currentTime() - Self.nanoseconds($0) }
    for run in runs.dropFirst().reversed() {
      let isTooOld = oldest.map { run.lastWritten < $0 } ?? false
      let isTooMany = count.map { left > $0 } ?? false
      let isTooMuch = maxBytes.map { bytes > $0 } ?? false
      guard isTooOld || isTooMany || isTooMuch, try remove(run.number) else { continue }
      removed.append(run)
      bytes -= run.byteCount
      left -= 1
    }
    return removed
  }

  private static func nanoseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    // More than a hundred years is as good as for ever, and leaves room to calculate.
    let limit: Int64 = 100 * 366 * 86_400
    return max(-limit, min(limit, seconds)) * 1_000_000_000 + attoseconds / 1_000_000_000
  }

  /// Removes a run unless somebody writes it.
  ///
  /// - Returns: whether it was removed, by whomever.
  private func remove(_ number: Int) throws(LogError) -> Bool {
    let run = path(of: number)
    let removed = FilePath(run.string + Self.removedSuffix)
    // It is not created here: a run without entries was begun just now.
    guard try Self.status(run.appending("entries")) != nil else { return false }
    let entries: FileStorage
    do throws(TreeError) {
      entries = try FileStorage(run.appending("entries"), synchronizes: false)
    } catch {
      if error.cause?.errno == .noSuchFileOrDirectory { return true }
      throw LogError(
        .storage, "cannot remove the run \(number)", cause: error.cause, indexError: error)
    }
    let lock: WriterLock?
    do throws(LogError) {
      lock = try WriterLock.take(entries)
    } catch {
      if error.code == .busy { return false }
      throw error
    }
    try withExtendedLifetime(lock) { () throws(LogError) in
      do throws(Errno) {
        try FileDescriptor.workingDirectory.renameEntry(run.cString, to: removed.cString)
      } catch {
        if error != .noSuchFileOrDirectory {
          throw .storage("cannot remove a run", .systemCall("rename", run.displayText, error))
        }
      }
      try remove(removed)
    }
    return true
  }

  /// Removes a run that has its last name, and what else is kept in its directory.
  private func remove(_ directory: FilePath) throws(LogError) {
    let base = FileDescriptor.workingDirectory
    do throws(Errno) {
      let folder = try base.openDirectory(directory.cString)
      defer { try? folder.close() }
      try Self.empty(folder, levels: Self.levels)
      try base.removeDirectory(directory.cString)
    } catch {
      // Somebody else has removed it.
      if error == .noSuchFileOrDirectory { return }
      throw .storage("cannot remove a run", .systemCall("remove", directory.displayText, error))
    }
  }

  /// So deep are folders in a run's directory at most.
  private static let levels = 4

  private static func empty(_ folder: FileDescriptor, levels: Int) throws(Errno) {
    var names: [[CChar]] = []
    var folders: [[CChar]] = []
    try DirectoryReader().list(folder) { bytes, kind in
      let name = bytes.map { CChar(bitPattern: $0) } + [0]
      if kind == .directory { folders.append(name) } else { names.append(name) }
    }
    for name in names { try folder.removeEntry(name) }
    for name in folders {
      if levels > 0 {
        let inner = try folder.openDirectory(name)
        defer { try? inner.close() }
        try empty(inner, levels: levels - 1)
      }
      try folder.removeDirectory(name)
    }
  }

  // MARK: Names

  private struct Names {
    var runs: [Int] = []
    /// Of runs that are being removed.
    var removed: [String] = []
    /// The numbers of both, which are not given again.
    var all: [Int] = []
  }

  /// What is in the directory; what has another name is somebody else's.
  private func names() throws(LogError) -> Names {
    var names = Names()
    do {
      let directory = try FileDescriptor.open(
        path, .readOnly, options: [.directory, .closeOnExec])
      defer { try? directory.close() }
      try DirectoryReader().list(directory) { bytes, _ in
        let name = String(decoding: bytes, as: UTF8.self)
        let isRemoved = name.hasSuffix(Self.removedSuffix)
        let digits = isRemoved ? name.dropLast(Self.removedSuffix.utf8.count) : name[...]
        guard digits.utf8.count >= Self.digits,
          digits.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
          let number = Int(digits), number < .max
        else { return }
        names.all.append(number)
        if isRemoved { names.removed.append(name) } else { names.runs.append(number) }
      }
    } catch let error as Errno {
      throw .storage("cannot list the runs", .systemCall("list", path.displayText, error))
    } catch {
      preconditionFailure("swift-system throws Errno only")
    }
    return names
  }

  /// - Returns: `nil` if there is no such run.
  private func examine(_ number: Int) throws(LogError) -> LogRun? {
    let run = path(of: number)
    guard let own = try Self.status(run), own.kind == .directory else { return nil }
    let entries = try Self.status(run.appending("entries"))
    let index = try Self.status(run.appending("index"))
    return LogRun(
      number: number, byteCount: (entries?.size ?? 0) + (index?.size ?? 0),
      lastWritten: entries?.modificationTime ?? own.modificationTime,
      isBeingWritten: entries == nil ? false : try isBeingWritten(run))
  }

  private func isBeingWritten(_ run: FilePath) throws(LogError) -> Bool {
    let entries: FileStorage
    do throws(TreeError) {
      entries = try FileStorage(run.appending("entries"), readOnly: true)
    } catch {
      if error.cause?.errno == .noSuchFileOrDirectory { return false }
      throw LogError(.storage, "cannot look at a run", cause: error.cause, indexError: error)
    }
    return try WriterLock.isHeld(entries)
  }

  private static func status(_ path: FilePath) throws(LogError) -> FileStatus? {
    do throws(Errno) {
      return try FileDescriptor.workingDirectory.status(of: path.cString)
    } catch {
      if error == .noSuchFileOrDirectory { return nil }
      throw .storage("cannot look at a run", .systemCall("examine", path.displayText, error))
    }
  }
}
