import CairnCore
import CairnTree

/// A log as it was when this was made, whatever is appended meanwhile: all entries that had been
/// flushed then.
///
/// Used by one thread at a time; others take a snapshot of their own, which costs microseconds. It
/// keeps up to 2 MiB of what it has read. While it exists, the index keeps what it sees, so it
/// should be let go when it is no longer shown.
///
/// All calls read the storage and throw ``LogError``: `.storage`, `.index` or `.damaged` if something
/// cannot be had, `.notFound` for an entry that it does not have.
public final class LogSnapshot {
  let storage: any PageStorage
  let header: LogHeader
  let state: IndexState
  let transaction: ReadTransaction
  private let nodes: ReadableTree?
  private let frames: ReadableTree?
  private let names: ReadableTree?

  /// A part of a node's children, or those that its head holds.
  final class Part {
    let children: [Child]

    init(_ children: [Child]) {
      self.children = children
    }
  }

  private var parts = Recents<Part>(limit: 128)
  private var lastPart: (key: UInt64, part: Part)?
  /// Of nodes whose children nobody has asked for.
  private var heads = Recents<NodeHead>(limit: 256)
  private var recentFrames = Recents<Frame>(limit: 32)
  /// The frame that was read last, and how far: until behind an entry, and until behind the end of one,
  /// where the next one of its parent's children often is.
  private var reading: (frame: Frame, cursor: RecordCursor)?
  private var readingEnds: (frame: Frame, cursor: RecordCursor)?
  /// The frame in which a place was looked up last: often the next one is near.
  private var lastPlaced: Frame?
  private var knownNames: [UInt32: String] = [:]

  private static let largestKeptFrame = 64 << 10

  init(
    _ storage: any PageStorage, _ header: LogHeader, _ index: TreeStore
  ) throws(LogError) {
    let transaction = try asking { () throws(TreeError) in try index.beginReading() }
    self.storage = storage
    self.header = header
    self.transaction = transaction
    var state: IndexState?
    var isThere = false
    do throws(TreeError) {
      if let tree = try transaction.treeIfExists(IndexTree.state) {
        isThere = true
        state = try tree.withValue(for: RawSpan()) { IndexState($0) } ?? nil
      }
      nodes = try transaction.treeIfExists(IndexTree.nodes)
      frames = try transaction.treeIfExists(IndexTree.frames)
      names = try transaction.treeIfExists(IndexTree.names)
    } catch {
      throw .index(error)
    }
    if isThere, state == nil || nodes == nil || frames == nil || names == nil {
      throw .damagedIndex("a part of it is missing")
    }
    self.state =
      state
      ?? IndexState(
        identity: header.identity, end: Int64(LogHeader.byteCount), entryCount: 0, nameCount: 0)
    guard self.state.identity == header.identity else {
      throw .damagedIndex("it is that of another log")
    }
  }

  /// Whether one who lives and writes elsewhere showed it.
  var isShownByWriter: Bool { transaction.isShownByWriter }

  /// The number of entries.
  public var count: Int { Int(state.entryCount) }

  /// The bytes of the file of entries that it sees.
  public var byteCount: Int64 { state.end }

  // MARK: Parts of the index

  func check(_ id: UInt32) throws(LogError) {
    guard id < state.entryCount else { throw .notFound(EntryID(id)) }
  }

  private func part(_ node: NodeKey, _ number: UInt32) throws(LogError) -> Part? {
    let key = nodePart(node, number)
    if let lastPart, lastPart.key == key { return lastPart.part }
    if let part = parts[key] {
      lastPart = (key, part)
      return part
    }
    guard let nodes else { return nil }
    let decoded = try asking { () throws(TreeError) in
      try withKey(key) { (key) throws(TreeError) in
        try nodes.withValue(for: key) { Self.decode($0, node, isHead: number == 0) }
      }
    }
    guard let decoded else { return nil }
    guard let part = decoded else {
      throw .damagedIndex("the children of an entry do not follow the format")
    }
    parts.insert(part, for: key)
    lastPart = (key, part)
    return part
  }

  private static func decode(_ value: RawSpan, _ node: NodeKey, isHead: Bool) -> Part? {
    value.withUnsafeBytes { bytes in
      do throws(ByteCursor.Malformed) {
        var cursor = ByteCursor(bytes)
        var head: NodeHead?
        var count: Int
        if isHead {
          let read = try NodeHead(&cursor)
          count = read.isInline ? Int(read.childCount) : 0
          head = read
        } else {
          count = try partCount(cursor)
        }
        let children = try Child.decode(&cursor, count: count, of: node)
        guard cursor.remaining == 0 else { throw ByteCursor.Malformed() }
        if let head, head.isInline {
          guard children.reduce(0, { $0 + UInt64($1.size) }) == UInt64(head.rows) else {
            throw ByteCursor.Malformed()
          }
        }
        return Part(children)
      } catch {
        return nil
      }
    }
  }

  /// How many children follow: a part does not say.
  private static func partCount(_ cursor: ByteCursor) throws(ByteCursor.Malformed) -> Int {
    var cursor = cursor
    var count = 0
    while cursor.remaining > 0 {
      _ = try cursor.readVarint()
      if try cursor.readByte() & 8 != 0 { _ = try cursor.readVarint() }
      count += 1
    }
    return count
  }

  func head(of node: NodeKey) throws(LogError) -> NodeHead {
    if let head = heads[UInt64(node.number)] { return head }
    if let head = try readHead(of: node) {
      heads.insert(head, for: UInt64(node.number))
      return head
    }
    if node == .root { return NodeHead() }
    throw .damagedIndex("entry \(node.id) was opened, but has no list of children")
  }

  /// Reads a head, and not the children that it may hold.
  private func readHead(of node: NodeKey) throws(LogError) -> NodeHead? {
    guard let nodes else { return nil }
    let read = try asking { () throws(TreeError) in
      try withKey(nodePart(node, 0)) { (key) throws(TreeError) in
        try nodes.withValue(for: key) { value in
          value.withUnsafeBytes { bytes -> NodeHead? in
            var cursor = ByteCursor(bytes)
            return try? NodeHead(&cursor)
          }
        }
      }
    }
    guard let read else { return nil }
    guard let head = read else {
      throw .damagedIndex("the children of an entry do not follow the format")
    }
    return head
  }

  /// - Parameter number: the ordinal of the first divided by ``Child/perPart``.
  func children(inPart number: UInt32, of node: NodeKey) throws(LogError) -> [Child] {
    let head = try head(of: node)
    if head.isInline { return try part(node, 0)?.children ?? [] }
    let expected = min(
      Int(head.childCount) - Int(number) * Child.perPart, Child.perPart)
    guard let part = try part(node, number + 1), part.children.count == expected else {
      throw .damagedIndex("a part of the children of an entry is missing")
    }
    return part.children
  }

  // MARK: Frames

  func frame(at offset: Int64) throws(LogError) -> Frame {
    let key = UInt64(bitPattern: offset)
    if let frame = recentFrames[key] { return frame }
    guard let frame = try Frame.read(storage, header, at: offset, before: state.end) else {
      throw .damagedFrame(at: offset, "there is no sound frame")
    }
    if frame.byteCount <= Self.largestKeptFrame { recentFrames.insert(frame, for: key) }
    return frame
  }

  /// The offset of the frame that holds an entry.
  func frameOffset(of id: UInt32) throws(LogError) -> Int64 {
    try check(id)
    guard let frames else { throw .damagedIndex("the frames are missing") }
    let offset = try asking { () throws(TreeError) in
      let rank = try withKey(id + 1) { (key) throws(TreeError) in try frames.rank(of: key) }
      return try frames.withEntry(at: rank - 1) { (_, value) -> Int64 in
        guard value.byteCount == 8 else { return 0 }
        return Int64(littleEndian: value.unsafeLoadUnaligned(as: Int64.self))
      }
    }
    guard let offset else { throw .damagedIndex("the frame of entry \(id) is missing") }
    return offset
  }

  /// The record with which an entry was appended. It is valid as long as the frame.
  func record(of id: UInt32) throws(LogError) -> (record: Record, frame: Frame) {
    var (frame, cursor): (Frame, RecordCursor)
    if let readingEnds, readingEnds.frame.ids.contains(id), id >= readingEnds.cursor.nextID {
      (frame, cursor) = readingEnds
    } else if let reading, reading.frame.ids.contains(id) {
      frame = reading.frame
      cursor = id >= reading.cursor.nextID ? reading.cursor : RecordCursor(frame)
    } else {
      frame = try self.frame(at: frameOffset(of: id))
      guard frame.ids.contains(id) else {
        throw .damagedIndex("entry \(id) is not in the frame in which it should be")
      }
      cursor = RecordCursor(frame)
    }
    while let record = try cursor.next() {
      if record.isEntry, record.id == id {
        reading = (frame, cursor)
        return (record, frame)
      }
    }
    throw .damagedFrame(at: frame.offset, "entry \(id) is missing")
  }

  /// The last record that gave an entry a text, in the frame at `offset`.
  private func lastText(
    of id: UInt32, inFrame offset: Int64
  ) throws(LogError) -> (record: Record, frame: Frame) {
    let frame = try frame(at: offset)
    var cursor = RecordCursor(frame)
    var last: Record?
    while let record = try cursor.next() {
      if record.kind == .text, record.id == id { last = record }
    }
    guard let last else {
      throw .damagedIndex("the text of entry \(id) is not in the frame in which it should be")
    }
    return (last, frame)
  }

  /// The record that closed an entry, in the frame at `offset`.
  private func closing(
    of id: UInt32, inFrame offset: Int64
  ) throws(LogError) -> (record: Record, frame: Frame) {
    let frame: Frame
    var cursor: RecordCursor
    // As a rule the entry was read just now, and was closed soon after it came.
    if let reading, reading.frame.offset == offset, reading.cursor.nextID == id + 1 {
      frame = reading.frame
      cursor = reading.cursor
    } else {
      frame = try self.frame(at: offset)
      cursor = RecordCursor(frame)
    }
    while let record = try cursor.next() {
      if record.kind == .closing, record.id == id {
        readingEnds = (frame, cursor)
        return (record, frame)
      }
    }
    throw .damagedIndex("the end of entry \(id) is not in the frame in which it should be")
  }

  func place(of id: UInt32) throws(LogError) -> Place {
    let frame: Frame
    if let lastPlaced, lastPlaced.ids.contains(id) {
      frame = lastPlaced
    } else {
      frame = try self.frame(at: frameOffset(of: id))
      lastPlaced = frame
    }
    let places = try frame.places()
    guard frame.ids.contains(id) else {
      throw .damagedIndex("entry \(id) is not in the frame in which it should be")
    }
    return places[Int(id - frame.firstID)]
  }

  // MARK: Of the writer's concern

  /// The keys of the entries that are open, in order.
  func openKeys() throws(LogError) -> [NodeKey] {
    try asking { () throws(TreeError) in
      guard let tree = try transaction.treeIfExists(IndexTree.open) else { return [] }
      var keys: [NodeKey] = []
      try tree.forEach(in: 0..<(try tree.count)) { key, _ in
        keys.append(NodeKey(number: number(inKey: key, as: UInt32.self)))
        return true
      }
      return keys.filter { $0 != .root }
    }
  }

  /// The names of fields, and their numbers.
  func nameNumbers() throws(LogError) -> [String: UInt32] {
    guard let names else { return [:] }
    return try asking { () throws(TreeError) in
      var numbers: [String: UInt32] = [:]
      try names.forEach(in: 0..<(try names.count)) { key, name in
        let text = name.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        numbers[text] = CairnLog.number(inKey: key, as: UInt32.self)
        return true
      }
      return numbers
    }
  }

  /// How many entries of each depth were opened.
  func openedByDepth() throws(LogError) -> [UInt64] {
    try asking { () throws(TreeError) in
      guard let tree = try transaction.treeIfExists(IndexTree.depths) else { return [] }
      var counts: [UInt64] = []
      try tree.forEach(in: 0..<(try tree.count)) { _, value in
        guard value.byteCount == 8 else { return false }
        counts.append(UInt64(littleEndian: value.unsafeLoadUnaligned(as: UInt64.self)))
        return true
      }
      return counts
    }
  }

  // MARK: Entries

  /// A copy of an entry.
  public func entry(_ id: EntryID) throws(LogError) -> LogEntry {
    let (record, frame) = try record(of: id.number)
    return try entry(record, frame)
  }

  func entry(_ record: Record, _ frame: Frame) throws(LogError) -> LogEntry {
    var entry = LogEntry(
      id: EntryID(record.id), parent: record.parent == .root ? nil : EntryID(record.parent.id),
      ordinal: Int(record.ordinal), time: record.time, severity: record.severity,
      content: Self.content(record), fields: try fields(record, frame),
      canHaveChildren: record.kind == .opening, isOpen: false)
    guard record.kind == .opening else { return entry }
    let head = try head(of: NodeKey(id: record.id))
    entry.isOpen = !head.isClosed
    if head.textFrame != 0 {
      let (text, frame) = try lastText(of: record.id, inFrame: head.textFrame)
      entry.content = withExtendedLifetime(frame) { Self.content(text) }
    }
    if head.isClosed {
      entry.severity = head.worst
      let (closing, frame) = try self.closing(of: record.id, inFrame: head.closingFrame)
      withExtendedLifetime(frame) {
        entry.result = LogEntry.Result(
          time: closing.time,
          text: closing.hasMore ? String(decoding: closing.body, as: UTF8.self) : nil)
      }
    }
    return entry
  }

  /// The severity with which an entry was closed, if it was.
  func closingSeverity(of id: UInt32) throws(LogError) -> Severity? {
    let head = try head(of: NodeKey(id: id))
    guard head.isClosed else { return nil }
    return try closing(of: id, inFrame: head.closingFrame).record.severity
  }

  private static func content(_ record: Record) -> LogEntry.Content {
    record.isBytes
      ? .bytes([UInt8](record.body)) : .text(String(decoding: record.body, as: UTF8.self))
  }

  private func fields(_ record: Record, _ frame: Frame) throws(LogError) -> [LogField] {
    guard record.isEntry, record.hasMore else { return [] }
    let encoded = withExtendedLifetime(frame) { LogField.decode(record.fields) }
    guard let encoded else {
      throw .damagedFrame(
        at: frame.offset, "the fields of entry \(record.id) do not follow the format")
    }
    var fields: [LogField] = []
    for (number, value) in encoded { fields.append(LogField(try name(number), value)) }
    return fields
  }

  private func name(_ number: UInt32) throws(LogError) -> String {
    if let name = knownNames[number] { return name }
    let name = try asking { () throws(TreeError) in
      try withKey(number) { (key) throws(TreeError) in
        try names?.withValue(for: key) { value in
          value.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        }
      }
    }
    guard let name else { throw .damagedIndex("the name of a field is missing") }
    knownNames[number] = name
    return name
  }

  /// The parent of an entry, or `nil` if it has none.
  public func parent(of id: EntryID) throws(LogError) -> EntryID? {
    let place = try place(of: id.number)
    return place.parent == .root ? nil : EntryID(place.parent.id)
  }

  /// The number of its parent's children before it.
  public func indexInParent(_ id: EntryID) throws(LogError) -> Int {
    Int(try place(of: id.number).ordinal)
  }

  /// The number of children of an entry, or for `nil` of entries without parent.
  public func childCount(of id: EntryID?) throws(LogError) -> Int {
    guard let node = try node(id) else { return 0 }
    return try childCount(of: node)
  }

  /// The child with that ordinal of an entry, or for `nil` the entry without parent.
  ///
  /// - Precondition: there are so many.
  public func child(_ ordinal: Int, of id: EntryID?) throws(LogError) -> EntryID {
    guard let node = try node(id) else { preconditionFailure("the entry has no children") }
    return EntryID(try child(ordinal, of: node).id)
  }

  /// The number of entries under an entry, and itself; for `nil` of all entries.
  public func subtreeCount(of id: EntryID?) throws(LogError) -> Int {
    guard let id else { return try rows(of: .root) }
    guard let node = try node(id) else { return 1 }
    return try rows(of: node) + 1
  }

  /// The worst severity of an entry, of its result, and of all entries under it; for `nil` of the
  /// log, `trace` if it is empty.
  public func worstSeverity(of id: EntryID?) throws(LogError) -> Severity {
    if let node = try node(id) { return try head(of: node).worst }
    guard let id else { return .trace }
    return try record(of: id.number).record.severity
  }

  /// Whether an entry could have children: it was appended by `open`.
  public func canHaveChildren(_ id: EntryID) throws(LogError) -> Bool { try node(id) != nil }

  /// What an entry's children are kept under; `nil` if it cannot have any.
  func node(_ id: EntryID?) throws(LogError) -> NodeKey? {
    guard let id else { return .root }
    try check(id.number)
    let key = NodeKey(id)
    if heads[UInt64(key.number)] != nil { return key }
    guard let head = try readHead(of: key) else { return nil }
    heads.insert(head, for: UInt64(key.number))
    return key
  }
}

// MARK: - Outline

extension LogSnapshot: Outline {
  func childCount(of node: NodeKey) throws(LogError) -> Int {
    Int(try head(of: node).childCount)
  }

  func child(_ ordinal: Int, of node: NodeKey) throws(LogError) -> Child {
    let count = try childCount(of: node)
    precondition(ordinal >= 0 && ordinal < count)
    let children = try children(inPart: UInt32(ordinal / Child.perPart), of: node)
    return children[ordinal % Child.perPart]
  }

  func rows(of node: NodeKey) throws(LogError) -> Int { Int(try head(of: node).rows) }

  private func weight(before part: UInt64) throws(LogError) -> UInt64 {
    guard let nodes else { return 0 }
    return try asking { () throws(TreeError) in
      try withKey(part) { (key) throws(TreeError) in try nodes.weight(before: key) }
    }
  }

  func rows(before ordinal: Int, of node: NodeKey) throws(LogError) -> Int {
    let head = try head(of: node)
    if ordinal == 0 { return 0 }
    if ordinal >= Int(head.childCount) { return Int(head.rows) }
    let number = UInt32(ordinal / Child.perPart)
    let children = try children(inPart: number, of: node)
    var rows = 0
    for child in children[..<(ordinal % Child.perPart)] { rows += Int(child.size) }
    guard !head.isInline else { return rows }
    let start = try weight(before: nodePart(node, 0))
    let before = try weight(before: nodePart(node, number + 1))
    guard before >= start, before - start <= UInt64(head.rows) else {
      throw .damagedIndex("the sizes of entries do not add up")
    }
    return rows + Int(before - start)
  }

  func ordinal(
    atRow row: Int, of node: NodeKey
  ) throws(LogError) -> (ordinal: Int, rows: Int) {
    let head = try head(of: node)
    precondition(row >= 0 && row < Int(head.rows))
    var (number, rows): (UInt32, Int) = (0, 0)
    if !head.isInline, let nodes {
      let start = try weight(before: nodePart(node, 0))
      let found = try asking { () throws(TreeError) -> UInt64? in
        guard let rank = try nodes.rank(atWeight: start + UInt64(row)) else { return nil }
        return try nodes.withEntry(at: rank) { key, _ in
          CairnLog.number(inKey: key, as: UInt64.self)
        }
      }
      guard let found, found > nodePart(node, 0), found < nodePart(node, .max) else {
        throw .damagedIndex("the sizes of entries do not add up")
      }
      number = UInt32(truncatingIfNeeded: found) - 1
      let before = try weight(before: found)
      guard before >= start, before - start <= UInt64(row) else {
        throw .damagedIndex("the sizes of entries do not add up")
      }
      rows = Int(before - start)
    }
    let children = try children(inPart: number, of: node)
    for (index, child) in children.enumerated() {
      if rows + Int(child.size) > row { return (Int(number) * Child.perPart + index, rows) }
      rows += Int(child.size)
    }
    throw .damagedIndex("the sizes of entries do not add up")
  }

  func placeIfShown(of id: UInt32) throws(LogError) -> Place? { try place(of: id) }
}
