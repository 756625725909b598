import CairnCore
public import CairnTree
public import SystemPackage

/// A hierarchical log on disk: entries that are appended under others, and found again, by any of
/// their places in the outline, without reading the rest.
///
/// An entry is appended under one that is open, or without parent. What is to have children itself
/// is appended with ``open(_:_:under:fields:time:)`` and closed later; any number may be open at the
/// same time. Entries are never changed or moved, but for the text of one that is open.
///
/// Entries are *flushed* after ``LogOptions/flushCount`` or ``LogOptions/flushInterval``, or when
/// ``flush()`` is called: then a ``LogSnapshot`` that is made later shows them, and they survive the
/// end of the process, however it comes. After ``synchronize()`` they survive a power cut, too. What
/// was not flushed when the process ended is missing as if it had not been appended: of all that
/// was said, the log holds the first part.
///
/// It may be used from any thread. Calls write to the storage from time to time and block while they
/// do.
public final class Log: Sendable {
  /// What opening has found to do.
  public let recovery: LogRecovery

  /// `nil` if nothing is to be written.
  private let writer: SharedAppender?
  private let timer: FlushTimer?
  private let storage: any PageStorage
  private let header: LogHeader
  private let index: Index

  private enum Index {
    case own(TreeStore, any PageStorage, WriterLock?)
    case followed(SharedFollowedIndex)
  }

  /// Opens the log in a directory, which is created if need be: a file of entries and one of the
  /// index.
  ///
  /// One at a time has it open for writing; others, in any processes of the machine, may have it
  /// open for reading meanwhile (``LogOptions/isReadOnly``), and see what is flushed. Neither waits
  /// for the other.
  ///
  /// - Throws: ``LogError``: `.busy` if it is to be written and somebody else has it open for
  ///   writing; `.notALog` or `.newerFormat` if something else is in it; `.damaged`, `.storage` or
  ///   `.index`.
  public convenience init(
    _ path: FilePath, _ options: LogOptions = LogOptions()
  ) throws(LogError) {
    if !options.isReadOnly { try path.makeLogDirectory() }
    let entries: FileStorage
    do throws(TreeError) {
      entries = try FileStorage(path.appending("entries"), readOnly: options.isReadOnly)
    } catch {
      throw LogError(
        .storage, "cannot open the log \(path.displayText)", cause: error.cause, indexError: error)
    }
    try self.init(entries, .file(path.appending("index")), options)
  }

  /// Opens the log in two storages, which belong to it from now on.
  ///
  /// - Throws: ``LogError`` as for a directory.
  public convenience init(
    entries: any PageStorage, index: any PageStorage, _ options: LogOptions = LogOptions()
  ) throws(LogError) {
    try self.init(entries, .storage(index), options)
  }

  private init(
    _ entries: any PageStorage, _ place: IndexPlace, _ options: LogOptions
  ) throws(LogError) {
    storage = entries
    if options.isReadOnly {
      let (header, index) = try Recovery.openForReading(entries, place, options)
      self.header = header
      recovery = LogRecovery()
      // What is wrong is told now rather than later.
      _ = try index.snapshot()
      self.index = .followed(SharedFollowedIndex(index))
      (writer, timer) = (nil, nil)
      return
    }
    let lock = try WriterLock.take(entries)
    let opened = try Recovery.openForWriting(entries, place, options)
    header = opened.header
    recovery = opened.recovery
    let writer = SharedAppender(opened.appender)
    self.writer = writer
    index = .own(opened.store, opened.indexStorage, lock)
    timer = options.flushInterval.map { FlushTimer($0, writer) }
  }

  deinit {
    timer?.end()
    // Nobody is left to hear of a failure: whoever wants to, calls `finish`.
    _ = try? writer?.withLock { (writer) throws(LogError) in try writer.flush(.checkpoint) }
    // Somebody else may write as soon as the lock is gone.
    _ = try? writer?.withLock { (writer) throws(LogError) in writer.settle() }
  }

  @inline(__always)
  private func write<Result: Sendable>(
    _ body: (Appender) throws(LogError) -> Result
  ) throws(LogError) -> Result {
    guard let writer else {
      throw LogError(.readOnly, "the log was opened for reading; open it for writing")
    }
    return try writer.withLock(body)
  }

  // MARK: Appending

  /// Appends an entry that cannot have children.
  ///
  /// - Parameters:
  ///   - text: At most 1 MiB in UTF-8.
  ///   - parent: An entry that is open, or `nil`.
  ///   - time: Nanoseconds since 1970-01-01 00:00 UTC; by default now.
  /// - Returns: the entry's id: the number of entries before it.
  /// - Throws: ``LogError``: `.notOpen` for another parent, `.invalid` for too long a text, or fields
  ///   of more than 1 MiB together, `.full` after 2^32 - 1 entries; the log goes on then. `.storage`
  ///   or `.index` if flushing fails, and then `.failed` until the log is opened again.
  @discardableResult
  public func append(
    _ text: String, _ severity: Severity = .info, under parent: EntryID? = nil,
    fields: [LogField] = [], time: Int64? = nil
  ) throws(LogError) -> EntryID {
    try append(
      text.utf8.span.bytes, isBytes: false, severity, under: parent, fields, time, isOpening: false)
  }

  /// Appends an entry of any bytes that cannot have children.
  @discardableResult
  public func append(
    bytes: RawSpan, _ severity: Severity = .info, under parent: EntryID? = nil,
    fields: [LogField] = [], time: Int64? = nil
  ) throws(LogError) -> EntryID {
    try append(bytes, isBytes: true, severity, under: parent, fields, time, isOpening: false)
  }

  /// Appends an entry that can have children until it is closed.
  ///
  /// An open entry takes some kilobytes of memory.
  public func open(
    _ text: String, _ severity: Severity = .info, under parent: EntryID? = nil,
    fields: [LogField] = [], time: Int64? = nil
  ) throws(LogError) -> EntryID {
    try append(
      text.utf8.span.bytes, isBytes: false, severity, under: parent, fields, time, isOpening: true)
  }

  @inline(__always)
  private func append(
    _ body: RawSpan, isBytes: Bool, _ severity: Severity, under parent: EntryID?,
    _ fields: [LogField], _ time: Int64?, isOpening: Bool
  ) throws(LogError) -> EntryID {
    if let parent, parent > .maximum { throw .notOpen(parent) }
    return try body.withUnsafeBytes { (body) throws(LogError) in
      try write { (writer) throws(LogError) in
        try writer.append(
          body, isBytes: isBytes, severity, under: NodeKey(parent), fields, time ?? currentTime(),
          isOpening: isOpening)
      }
    }
  }

  /// Gives an open entry another text, as progress does.
  ///
  /// - Throws: ``LogError``: `.notOpen` for another entry; else as for appending.
  public func setText(
    _ text: String, of entry: EntryID, time: Int64? = nil
  ) throws(LogError) {
    try text.utf8.span.bytes.withUnsafeBytes { (text) throws(LogError) in
      try write { (writer) throws(LogError) in
        try writer.setText(text, of: entry, time ?? currentTime())
      }
    }
  }

  /// Closes an entry: it has no more children, a duration, and as its severity the worst of its own,
  /// the one given here, and its children's.
  ///
  /// - Parameter result: What came of it, in at most 1 MiB.
  /// - Throws: ``LogError``: `.notOpen` for an entry that is not open, `.invalid` for one that has
  ///   open children; else as for appending.
  public func close(
    _ entry: EntryID, _ severity: Severity = .trace, result: String? = nil, time: Int64? = nil
  ) throws(LogError) {
    try write { (writer) throws(LogError) in
      try writer.close(entry, severity, result.map { Array($0.utf8) }, time ?? currentTime())
    }
  }

  /// The entries that are open, in the order in which they came. Those that were open when the
  /// process ended still are when the log is opened again.
  public var openEntries: [EntryID] {
    get throws(LogError) {
      try write { (writer) throws(LogError) in writer.openEntries }
    }
  }

  // MARK: Flushing

  /// Makes what was appended visible, and safe from the end of the process.
  public func flush() throws(LogError) {
    try write { (writer) throws(LogError) in try writer.flush(.publish) }
  }

  /// Makes what was appended visible, and safe from a power cut.
  public func synchronize() throws(LogError) {
    try write { (writer) throws(LogError) in try writer.flush(.checkpoint) }
  }

  /// Synchronizes; then nothing more can be appended. Entries that are open remain so.
  public func finish() throws(LogError) {
    timer?.end()
    try write { (writer) throws(LogError) in try writer.finish() }
  }

  // MARK: Reading

  /// The log as it was flushed last.
  ///
  /// In a log that is open for reading beside one who writes, in this process or another, it shows
  /// what that one has flushed. If he was killed, or the index is missing or damaged, it shows all
  /// whole entries that the log has; those that the index lacks are indexed in memory, in a second for
  /// ten million or so, and with some 5 bytes for each.
  public func snapshot() throws(LogError) -> LogSnapshot {
    switch index {
    case .own(let store, _, _): try LogSnapshot(storage, header, store)
    case .followed(let index): try index.snapshot()
    }
  }

  /// How large the log is, as far as it was flushed.
  public func statistics() throws(LogError) -> LogStatistics {
    let snapshot = try snapshot()
    return LogStatistics(
      entries: snapshot.count, roots: try snapshot.childCount(of: nil),
      openEntries: try snapshot.openKeys().count,
      worstSeverity: try snapshot.worstSeverity(of: nil),
      entryBytes: snapshot.byteCount, indexBytes: try indexBytes())
  }

  private func indexBytes() throws(LogError) -> Int64 {
    switch index {
    case .followed(let index): return try index.byteCount()
    case .own(_, let storage, _):
      do throws(IOError) {
        return try storage.byteCount
      } catch {
        throw .storage("cannot examine the index", error)
      }
    }
  }

  /// Reads everything that was flushed, and compares the entries with the index and the index with
  /// itself.
  ///
  /// May run while others append. Takes some seconds for a million entries.
  ///
  /// - Throws: ``LogError``: `.storage` if something cannot be read. Damage is reported.
  public func verify() throws(LogError) -> LogReport {
    var verifier = Verifier(try snapshot())
    try verifier.run()
    var report = verifier.report
    for problem in try indexProblems() { report.add("the index: \(problem)") }
    return report
  }

  private func indexProblems() throws(LogError) -> [String] {
    switch index {
    case .own(let store, _, _):
      try asking { () throws(TreeError) in try store.verify() }.problems.map { "\($0)" }
    case .followed(let index): try index.verify()
    }
  }
}
