import CairnCore
import CairnTree
import SystemPackage

/// The index for those who only read: what the one who writes shows, and in memory what it lacks.
///
/// While somebody writes, he publishes the index as he flushes. After he was killed, the index is
/// that of his last checkpoint, and perhaps it is missing, or damaged. Then the entries behind it are
/// read, and indexed in memory as he would have done. Nothing is written, and nobody waits.
///
/// Used by one thread at a time.
final class FollowedIndex {
  private let entries: any PageStorage
  private let header: LogHeader
  private let place: IndexPlace
  private let options: LogOptions
  private var file: (storage: any PageStorage, store: TreeStore, IndexPlace.FileIdentity?)?
  /// What was indexed in memory, beginning as some state of the file, or as nothing.
  private var tail: (store: TreeStore, indexer: Indexer)?

  init(
    _ entries: any PageStorage, _ header: LogHeader, _ place: IndexPlace, _ options: LogOptions
  ) {
    self.entries = entries
    self.header = header
    self.place = place
    self.options = options
  }

  /// The log as it was flushed last.
  func snapshot() throws(LogError) -> LogSnapshot {
    let published = try newest()
    let covered = published?.state.end ?? 0
    if let tail, tail.indexer.state.end <= covered { self.tail = nil }
    if let published, published.isShownByWriter, tail == nil { return published }
    // Later than the index, which therefore covers no more.
    let size = try Recovery.byteCount(entries)
    let end = tail?.indexer.state.end ?? max(covered, Int64(LogHeader.byteCount))
    guard let frame = try Frame.read(entries, header, at: end, before: size) else {
      if let tail { return try snapshot(of: tail.store) }
      if let published { return published }
      return try snapshot(of: makeTail(nil).store)
    }
    let tail = if let tail { tail } else { try makeTail(published) }
    // What fails in between is of no use.
    self.tail = nil
    try replay(frame, size, tail.indexer)
    self.tail = tail
    return try snapshot(of: tail.store)
  }

  private func snapshot(of store: TreeStore) throws(LogError) -> LogSnapshot {
    try LogSnapshot(entries, header, store)
  }

  /// The state that the file shows; `nil` if that cannot be used.
  private func newest() throws(LogError) -> LogSnapshot? {
    if options.rebuildsIndex { return nil }
    do throws(LogError) {
      if let (_, _, identity) = file, identity != place.identity() { file = nil }
      if file == nil { try openFile() }
      guard let file else { return nil }
      let snapshot = try snapshot(of: file.store)
      // Of a log that was cut off since.
      guard snapshot.state.end <= (try Recovery.byteCount(entries)) else { return nil }
      return snapshot
    } catch {
      file = nil
      guard error.code == .index, error.indexError?.code != .storage else { throw error }
      return nil
    }
  }

  private func openFile() throws(LogError) {
    // Before it is opened: if it is replaced in between, it is opened again the next time.
    let identity = place.identity()
    let storage: any PageStorage
    switch place {
    case .storage(let given): storage = given
    case .file(let path):
      guard identity != nil else { return }
      do throws(TreeError) {
        storage = try FileStorage(path, readOnly: true)
      } catch {
        if error.cause?.errno == .noSuchFileOrDirectory { return }
        throw .unusableIndexFile(error)
      }
    }
    let store = try asking { () throws(TreeError) in
      try TreeStore(
        on: storage, TreeStoreOptions(cacheBytes: options.cacheBytes, isReadOnly: true))
    }
    file = (storage, store, identity)
  }

  // MARK: Entries that the index lacks

  private func makeTail(
    _ published: LogSnapshot?
  ) throws(LogError) -> (store: TreeStore, indexer: Indexer) {
    let store = try asking { () throws(TreeError) in
      if let published {
        return try TreeStore(forking: published.transaction, cacheBytes: options.cacheBytes)
      }
      return try TreeStore(
        on: MemoryStorage(), TreeStoreOptions(cacheBytes: options.cacheBytes))
    }
    let indexer = Indexer(store, header)
    if let published { try indexer.resume(published) }
    return (store, indexer)
  }

  private func replay(_ first: Frame, _ size: Int64, _ indexer: Indexer) throws(LogError) {
    var next: Frame? = first
    while let frame = next {
      try indexer.replay(frame)
      next = try Frame.read(entries, header, at: frame.end, before: size)
    }
    try indexer.publish(upTo: indexer.state.end, .publish)
  }

  // MARK: Of the file

  var byteCount: Int64 {
    get throws(LogError) {
      do throws(IOError) {
        return try file?.storage.byteCount ?? 0
      } catch {
        throw .storage("cannot examine the index", error)
      }
    }
  }

  /// What is wrong with the file. That there is none is nothing wrong, as the log is all that it would
  /// be made of; but then nothing else says how far the log goes.
  func verify() throws(LogError) -> [String] {
    guard try newest() != nil, let store = file?.store else {
      guard place.isEmpty else {
        return ["it cannot be used; opening the log for writing makes it again"]
      }
      let (end, size) = (try snapshot().state.end, try Recovery.byteCount(entries))
      return size <= end
        ? []
        : [
          "it is missing, and the \(size - end) bytes from offset \(end) of the log on are no sound "
            + "frame; opening the log for writing cuts them off"
        ]
    }
    let report = try asking { () throws(TreeError) in try store.verify() }
    return report.problems.map { "\($0)" }
  }
}
