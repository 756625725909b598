import CairnCore
import CairnTree

/// What writes a log: used by one thread at a time.
final class Appender {
  private let storage: any PageStorage
  private let header: LogHeader
  private let indexer: Indexer
  private let options: LogOptions
  private let frame = FrameBuilder()
  /// Where the frame that is being built will be.
  private var end: Int64
  private var checkpointEnd: Int64
  private var names: [String: UInt32]
  /// The number of changes since the last flush.
  private var unflushed = 0
  private var failure: LogError?
  private var fieldBuffer: [UInt8] = []

  init(
    _ storage: any PageStorage, _ header: LogHeader, _ indexer: Indexer, names: [String: UInt32],
    checkpointEnd: Int64, _ options: LogOptions
  ) {
    self.storage = storage
    self.header = header
    self.indexer = indexer
    self.names = names
    self.options = options
    end = indexer.state.end
    self.checkpointEnd = checkpointEnd
  }

  var openEntries: [EntryID] { indexer.openIDs.map { EntryID($0) } }

  /// Runs what changes the log; after a failure underneath, nothing more is done.
  @inline(__always)
  private func change(_ body: () throws(LogError) -> Void) throws(LogError) {
    do throws(LogError) {
      try body()
    } catch {
      failure = LogError(
        .failed, "nothing can be appended after a failure; open the log again",
        cause: error.cause, indexError: error.indexError)
      throw error
    }
  }

  @inline(__always)
  private func checkWorks() throws(LogError) {
    if let failure { throw failure }
  }

  @inline(__always)
  private func checkLength(_ count: Int) throws(LogError) {
    guard count <= Frame.maximumText else {
      throw .invalid("a text, or an entry's fields, of more than \(Frame.maximumText) bytes")
    }
  }

  @inline(__always)
  func append(
    _ body: UnsafeRawBufferPointer, isBytes: Bool, _ severity: Severity, under parent: NodeKey,
    _ fields: [LogField], _ time: Int64, isOpening: Bool
  ) throws(LogError) -> EntryID {
    try checkWorks()
    try checkLength(body.count)
    guard let node = indexer.node(parent) else { throw .notOpen(EntryID(parent.id)) }
    let id = indexer.state.entryCount
    guard id <= EntryID.maximum.number else {
      throw LogError(.full, "the log is full: it has \(id) entries; begin another one")
    }
    if !fields.isEmpty { try encode(fields) }
    try change { () throws(LogError) in
      if frame.isFull { try writeFrame() }
      if fields.isEmpty {
        frame.appendEntry(
          id: id, parent: parent, ordinal: node.head.childCount, isOpening: isOpening, severity,
          time, body, isBytes: isBytes, fields: UnsafeRawBufferPointer(start: nil, count: 0))
      } else {
        appendNewNames()
        fieldBuffer.withRawBytes { encoded in
          frame.appendEntry(
            id: id, parent: parent, ordinal: node.head.childCount, isOpening: isOpening, severity,
            time, body, isBytes: isBytes, fields: encoded)
        }
      }
      try indexer.addEntry(under: node, severity, isNode: isOpening)
      try countChange()
    }
    return EntryID(id)
  }

  private var newNames: [[UInt8]] = []
  /// The most bytes of a record of a name beside the name.
  private static let largestNameHead = 5

  /// Fills the buffer; gives numbers to names that are new.
  private func encode(_ fields: [LogField]) throws(LogError) {
    fieldBuffer.removeAll(keepingCapacity: true)
    var size = 0
    for field in fields {
      try checkLength(field.name.utf8.count)
      size += field.name.utf8.count + Self.largestNameHead
      LogField.encode(field.value, name: number(of: field.name), into: &fieldBuffer)
      guard max(fieldBuffer.count, size) <= Frame.maximumText else {
        for name in newNames { names[String(decoding: name, as: UTF8.self)] = nil }
        newNames = []
        return try checkLength(max(fieldBuffer.count, size))
      }
    }
  }

  private func number(of name: String) -> UInt32 {
    if let number = names[name] { return number }
    let number = indexer.state.nameCount + UInt32(newNames.count)
    names[name] = number
    newNames.append(Array(name.utf8))
    return number
  }

  private func appendNewNames() {
    for name in newNames {
      name.withRawBytes { frame.appendName($0, nextID: indexer.state.entryCount) }
      indexer.addName(name)
    }
    newNames = []
  }

  func setText(
    _ text: UnsafeRawBufferPointer, of entry: EntryID, _ time: Int64
  ) throws(LogError) {
    try checkWorks()
    try checkLength(text.count)
    guard entry <= .maximum, let node = indexer.node(NodeKey(entry)) else { throw .notOpen(entry) }
    try change { () throws(LogError) in
      if frame.isFull { try writeFrame() }
      frame.appendText(id: entry.number, nextID: indexer.state.entryCount, time, text)
      indexer.setText(node, inFrame: end)
      try countChange()
    }
  }

  func close(
    _ entry: EntryID, _ severity: Severity, _ result: [UInt8]?, _ time: Int64
  ) throws(LogError) {
    try checkWorks()
    try checkLength(result?.count ?? 0)
    guard entry <= .maximum, let node = indexer.node(NodeKey(entry)) else { throw .notOpen(entry) }
    guard node.openChildren == 0 else {
      throw LogError(
        .invalid, "entry \(entry) has \(node.openChildren) open children; close them first",
        entry: entry)
    }
    try change { () throws(LogError) in
      if frame.isFull { try writeFrame() }
      let nextID = indexer.state.entryCount
      if let result {
        result.withRawBytes {
          frame.appendClosing(id: entry.number, nextID: nextID, severity, time, $0)
        }
      } else {
        frame.appendClosing(id: entry.number, nextID: nextID, severity, time, nil)
      }
      try indexer.close(node, severity, inFrame: end)
      try countChange()
    }
  }

  @inline(__always)
  private func countChange() throws(LogError) {
    unflushed += 1
    if unflushed >= options.flushCount { try publish(.publish) }
  }

  private func writeFrame() throws(LogError) {
    guard !frame.isEmpty else { return }
    let (count, first) = (frame.entryCount, frame.firstID)
    let offset = end
    end += try frame.finish(at: offset, header) { (bytes) throws(LogError) in
      do throws(IOError) {
        try storage.write(bytes, at: offset)
      } catch {
        throw .storage("cannot write the entries", error)
      }
      return Int64(bytes.byteCount)
    }
    if count > 0 { try indexer.addFrame(firstID: first, at: offset) }
  }

  private func publish(_ kind: CommitKind) throws(LogError) {
    try writeFrame()
    let kind = end - checkpointEnd >= options.checkpointBytes ? .checkpoint : kind
    if kind == .checkpoint {
      // The index must never survive a power cut that some of what it covers does not.
      do throws(IOError) {
        try storage.synchronize()
      } catch {
        throw .storage("cannot synchronize the entries", error)
      }
    }
    try indexer.publish(upTo: end, kind)
    if kind == .checkpoint { checkpointEnd = end }
    unflushed = 0
  }

  func flush(_ kind: CommitKind) throws(LogError) {
    try checkWorks()
    guard unflushed > 0 || (kind == .checkpoint && checkpointEnd != end) else { return }
    try change { () throws(LogError) in try publish(kind) }
  }

  func flushIfNeeded() throws(LogError) {
    if unflushed > 0 { try flush(.publish) }
  }

  func finish() throws(LogError) {
    try flush(.checkpoint)
    failure = LogError(.failed, "the log was finished; open it again to append to it")
  }
}
