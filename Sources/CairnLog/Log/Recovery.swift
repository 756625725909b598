import CairnCore
import CairnTree

/// Opens the two storages of a log, and brings the index up to date with the entries.
enum Recovery {
  struct Opened {
    var header: LogHeader
    var store: TreeStore
    var indexStorage: any PageStorage
    var recovery = LogRecovery()
    var appender: Appender
  }

  /// Opens a log for writing. The caller is the one who writes.
  static func openForWriting(
    _ entries: any PageStorage, _ place: IndexPlace, _ options: LogOptions
  ) throws(LogError) -> Opened {
    let size = try byteCount(entries)
    let header: LogHeader
    if let found = try readHeader(entries) {
      header = found
    } else {
      header = LogHeader(identity: .random(in: .min ... .max))
      try storing { () throws(IOError) in
        try entries.resize(to: 0)
        try entries.write(header.encoded.span.bytes, at: 0)
        try entries.synchronize()
      }
    }

    var recovery = LogRecovery()
    var index = try place.openForWriting()
    var usable: (store: TreeStore, indexer: Indexer)?
    if !options.rebuildsIndex {
      do throws(LogError) {
        usable = try openIndex(entries, header, index, options, size)
      } catch {
        guard error.code == .index, error.indexError?.code != .storage else { throw error }
      }
    }
    if usable == nil {
      recovery.indexWasRebuilt = true
      index = try place.renew(index)
      usable = try openIndex(entries, header, index, options, size)
    }
    guard let (store, indexer) = usable else { throw .damagedIndex("it cannot be rebuilt") }

    let checkpointEnd = indexer.state.end
    let known = indexer.state.entryCount
    while let frame = try Frame.read(entries, header, at: indexer.state.end, before: size) {
      try indexer.replay(frame)
    }
    let end = indexer.state.end
    recovery.entriesIndexed = Int(indexer.state.entryCount - known)
    if recovery.indexWasRebuilt, size <= Int64(LogHeader.byteCount) {
      recovery.indexWasRebuilt = false
    }
    if size > end {
      // What lies behind would come back to life if it happened to fit to what is written next.
      recovery.bytesCut = size - end
      try storing { () throws(IOError) in try entries.resize(to: end) }
    }
    if end > checkpointEnd { try indexer.publish(upTo: end, .publish) }
    let names = try LogSnapshot(entries, header, store).nameNumbers()
    let appender = Appender(
      entries, header, indexer, names: names, checkpointEnd: checkpointEnd, options)
    return Opened(
      header: header, store: store, indexStorage: index, recovery: recovery, appender: appender)
  }

  /// Begins to read a log that somebody may write.
  static func openForReading(
    _ entries: any PageStorage, _ place: IndexPlace, _ options: LogOptions
  ) throws(LogError) -> (LogHeader, FollowedIndex) {
    guard let header = try readHeader(entries) else {
      throw LogError(.notALog, "the log is empty: it was never opened for writing")
    }
    return (header, FollowedIndex(entries, header, place, options))
  }

  private static func openIndex(
    _ entries: any PageStorage, _ header: LogHeader, _ index: any PageStorage,
    _ options: LogOptions, _ size: Int64
  ) throws(LogError) -> (TreeStore, Indexer) {
    let store = try asking { () throws(TreeError) in
      try TreeStore(
        on: index, TreeStoreOptions(cacheBytes: options.cacheBytes, publishesToAll: true))
    }
    let snapshot = try LogSnapshot(entries, header, store)
    guard snapshot.state.end <= max(size, Int64(LogHeader.byteCount)) else {
      throw .damagedIndex("it covers more than there is")
    }
    let indexer = Indexer(store, header)
    try indexer.resume(snapshot)
    return (store, indexer)
  }

  private static func readHeader(_ entries: any PageStorage) throws(LogError) -> LogHeader? {
    var bytes = [UInt8](repeating: 0, count: LogHeader.byteCount)
    var count = 0
    do throws(IOError) {
      var span = bytes.mutableSpan
      var mutable = span.mutableBytes
      count = try mutable.withUnsafeMutableBytes { (bytes) throws(IOError) in
        try entries.readFully(at: 0, into: bytes)
      }
    } catch {
      throw .storage("cannot read the log", error)
    }
    return try LogHeader(Array(bytes.prefix(count)))
  }

  static func byteCount(_ storage: any PageStorage) throws(LogError) -> Int64 {
    do throws(IOError) {
      return try storage.byteCount
    } catch {
      throw .storage("cannot examine the log", error)
    }
  }

  private static func storing(_ body: () throws(IOError) -> Void) throws(LogError) {
    do throws(IOError) {
      try body()
    } catch {
      throw .storage("cannot write the log", error)
    }
  }
}
