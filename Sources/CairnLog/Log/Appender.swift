import CairnCore
import CairnTree

/// What writes a log: used by one thread at a time.
///
/// What each entry that is appended touches is not checked at run time for overlapping accesses: no
/// access calls anything that comes back here.
final class Appender {
  private let storage: any PageStorage
  private let header: LogHeader
  private let indexer: Indexer
  private let options: LogOptions
  private let frame = FrameBuilder()
  private let blocks: BlockWriter
  /// Where the frame that is being built will be.
  @exclusivity(unchecked) private var end: Int64
  private var checkpointEnd: Int64
  private var names: [String: UInt32]
  /// The number of changes since the last flush.
  @exclusivity(unchecked) private var unflushed = 0
  @exclusivity(unchecked) private var failure: LogError?
  @exclusivity(unchecked) private var fieldBuffer: [UInt8] = []

  init(
    _ storage: any PageStorage, _ header: LogHeader, _ indexer: Indexer, names: [String: UInt32],
    checkpointEnd: Int64, _ options: LogOptions
  ) {
    self.storage = storage
    blocks = BlockWriter(storage)
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
  /// The names in the first places of the fields that came last.
  @exclusivity(unchecked) private var lastNames: [(name: String, number: UInt32)] = []
  private static let lastNameLimit = 16
  /// The most bytes of a record of a name beside the name.
  private static let largestNameHead = 5

  /// Fills the buffer; gives numbers to names that are new.
  private func encode(_ fields: [LogField]) throws(LogError) {
    fieldBuffer.removeAll(keepingCapacity: true)
    var size = 0
    for (place, field) in fields.enumerated() {
      try checkLength(field.name.utf8.count)
      size += field.name.utf8.count + Self.largestNameHead
      let name = number(of: field.name, at: place)
      LogField.encode(field.value, name: name, into: &fieldBuffer)
      guard max(fieldBuffer.count, size) <= Frame.maximumText else {
        for name in newNames { names[String(decoding: name, as: UTF8.self)] = nil }
        newNames = []
        lastNames = []
        return try checkLength(max(fieldBuffer.count, size))
      }
    }
  }

  /// - Parameter place: among the fields of the entry. As a rule the last one had the same name there.
  private func number(of name: String, at place: Int) -> UInt32 {
    if place < lastNames.count, lastNames[place].name == name { return lastNames[place].number }
    let number: UInt32
    if let known = names[name] {
      number = known
    } else {
      number = indexer.state.nameCount + UInt32(newNames.count)
      names[name] = number
      newNames.append(Array(name.utf8))
    }
    if place < lastNames.count {
      lastNames[place] = (name, number)
    } else if lastNames.count < Self.lastNameLimit {
      lastNames.append((name, number))
    }
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

  /// Ends the frame that is being built, and has it written together with others.
  private func writeFrame() throws(LogError) {
    guard !frame.isEmpty else { return }
    let (count, first, offset) = (frame.entryCount, frame.firstID, end)
    end += Int64(frame.finish(at: offset, header))
    if count > 0 { try indexer.addFrame(firstID: first, at: offset) }
    if frame.isBlockFull { try writeBlock() }
  }

  private func writeBlock() throws(LogError) {
    guard frame.blockByteCount > 0 else { return }
    try frame.exchangeBlock { (block, byteCount) throws(LogError) in
      try blocks.write(block, byteCount, at: end - Int64(byteCount))
    }
  }

  /// Waits until nothing is being written any more, whether it fails or not.
  func settle() { blocks.settle() }

  private func publish(_ kind: CommitKind) throws(LogError) {
    try writeFrame()
    try writeBlock()
    let kind = end - checkpointEnd >= options.checkpointBytes ? .checkpoint : kind
    try indexer.publish(upTo: end, kind) { () throws(LogError) in
      // The index never tells of entries that others cannot read yet, and never survives a power cut
      // that some of what it covers does not.
      try blocks.finish()
      if kind == .checkpoint { try synchronize() }
    }
    if kind == .checkpoint { checkpointEnd = end }
    unflushed = 0
  }

  private func synchronize() throws(LogError) {
    do throws(IOError) {
      try storage.synchronize()
    } catch {
      throw .storage("cannot synchronize the entries", error)
    }
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
