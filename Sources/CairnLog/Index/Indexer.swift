import CairnCore
import CairnTree

/// Derives the index from what is appended, or was.
///
/// An entry that is open is in memory; when it is closed, its children are written once, in one
/// piece if they are few. Used by one thread at a time. After an error it is of no use.
///
/// What each entry that is appended touches is not checked at run time for overlapping accesses, which
/// would take a fifth of the time: no access calls anything that comes back here.
final class Indexer {
  private let store: TreeStore
  private var transaction: WriteTransaction?
  private var nodes: WritableTree?
  private var frames: WritableTree?
  private var openTree: WritableTree?

  @exclusivity(unchecked) private(set) var state: IndexState
  let root: OpenNode
  @exclusivity(unchecked) private var open: [UInt32: OpenNode] = [:]
  /// The nodes that were asked for last, each in the place that its key gives it.
  @exclusivity(unchecked) private var recent: [OpenNode?] = Array(
    repeating: nil, count: recentCount)
  @exclusivity(unchecked) private var spare: [OpenNode] = []
  @exclusivity(unchecked) private var depths: [UInt64] = []
  @exclusivity(unchecked) private var changedDepths: Set<Int> = []
  private var newNames: [(number: UInt32, name: [UInt8])] = []
  @exclusivity(unchecked) private var buffer: [UInt8] = []

  private static let spareLimit = 64
  /// A power of two. More than the parents that a program fills at a time, as a rule.
  private static let recentCount = 64

  private static func recentPlace(_ key: NodeKey) -> Int {
    Int(truncatingIfNeeded: (key.number &* 0x9E37_79B9) >> 26)
  }

  /// An indexer of a log without entries.
  init(_ store: TreeStore, _ header: LogHeader) {
    self.store = store
    root = OpenNode(.root, parent: nil, ordinal: 0, depth: -1)
    state = IndexState(
      identity: header.identity, end: Int64(LogHeader.byteCount), entryCount: 0, nameCount: 0)
  }

  // MARK: Nodes

  /// The ids of the open entries, in order.
  var openIDs: [UInt32] { open.values.map(\.key.id).sorted() }

  /// The open node with that key.
  @inline(__always)
  func node(_ key: NodeKey) -> OpenNode? {
    if let known = recent[Self.recentPlace(key)], known.key == key { return known }
    return find(key)
  }

  @inline(never)
  private func find(_ key: NodeKey) -> OpenNode? {
    let found = key == .root ? root : open[key.number]
    if let found { recent[Self.recentPlace(key)] = found }
    return found
  }

  /// Adds the entry that comes next.
  @inline(__always)
  func addEntry(under parent: OpenNode, _ severity: Severity, isNode: Bool) throws(LogError) {
    if parent.last.children.count == Child.perPart { try beginPart(of: parent) }
    let id = state.entryCount
    state.entryCount += 1
    let ordinal = parent.head.childCount
    parent.head.childCount += 1
    parent.last.children.append(Child(id: id, size: 1, worst: severity, isNode: isNode))
    parent.last.isChanged = true
    parent.isChanged = true
    if severity > parent.head.worst { parent.head.worst = severity }
    if isNode {
      addNode(id, under: parent, ordinal: ordinal, severity)
    } else {
      parent.closedRows += 1
    }
  }

  private func addNode(
    _ id: UInt32, under parent: OpenNode, ordinal: UInt32, _ severity: Severity
  ) {
    parent.openChildren += 1
    parent.last.openCount += 1
    let key = NodeKey(id: id)
    let depth = parent.depth + 1
    let node: OpenNode
    if let used = spare.popLast() {
      used.reuse(key, parent: parent, ordinal: ordinal, depth: depth)
      node = used
    } else {
      node = OpenNode(key, parent: parent, ordinal: ordinal, depth: depth)
    }
    node.head.worst = severity
    open[key.number] = node
    recent[Self.recentPlace(key)] = node
    if depth >= depths.count { depths.append(0) }
    depths[depth] += 1
    changedDepths.insert(depth)
  }

  /// Puts the full part away, for good if nothing in it is open.
  private func beginPart(of node: OpenNode) throws(LogError) {
    let number = node.last.number
    // Until now the head held the first part.
    if number == 0 { node.last.isChanged = true }
    if node.last.openCount == 0 {
      try store(node.last, of: node)
      node.last.children.removeAll(keepingCapacity: true)
    } else {
      node.older.append(node.last)
      node.last.children = []
    }
    node.last.number = number + 1
    node.last.openCount = 0
    node.last.isChanged = true
  }

  /// - Precondition: it has no open children.
  func close(_ node: OpenNode, _ severity: Severity, inFrame offset: Int64) throws(LogError) {
    precondition(node.openChildren == 0 && node.older.isEmpty && node !== root)
    node.head.worst = max(node.head.worst, severity)
    node.head.isClosed = true
    node.head.closingFrame = offset
    node.head.rows = node.closedRows
    try store(node)
    open[node.key.number] = nil
    if node.isStored {
      try inTransaction { () throws(TreeError) in
        _ = try withKey(node.key.number) { (key) throws(TreeError) in try openTree!.remove(key) }
      }
    }
    guard let parent = node.parent else { return }
    let size = node.head.rows + 1
    parent.openChildren -= 1
    parent.closedRows += size
    if node.head.worst > parent.head.worst {
      parent.head.worst = node.head.worst
      parent.isChanged = true
    }
    if let done = parent.update(
      node.ordinal, size: size, worst: node.head.worst, isClosed: true)
    {
      try store(parent.older[done], of: parent)
      parent.older.remove(at: done)
    }
    let place = Self.recentPlace(node.key)
    if recent[place] === node { recent[place] = nil }
    node.forgetParent()
    if spare.count < Self.spareLimit { spare.append(node) }
  }

  func setText(_ node: OpenNode, inFrame offset: Int64) {
    node.head.textFrame = offset
    node.isChanged = true
  }

  func addName(_ name: [UInt8]) {
    newNames.append((state.nameCount, name))
    state.nameCount += 1
  }

  // MARK: Writing

  /// Runs what changes the index.
  @inline(__always)
  private func inTransaction(_ body: () throws(TreeError) -> Void) throws(LogError) {
    if transaction == nil { try begin() }
    try asking(body)
  }

  private func begin() throws(LogError) {
    try asking { () throws(TreeError) in
      let new = try store.beginWriting()
      nodes = try new.tree(IndexTree.nodes, creating: IndexTree.nodeOptions)
      frames = try new.tree(IndexTree.frames, creating: IndexTree.frameOptions)
      openTree = try new.tree(IndexTree.open, creating: IndexTree.openOptions)
      transaction = new
    }
  }

  private func put(_ key: UInt64, weight: UInt64) throws(LogError) {
    try inTransaction { () throws(TreeError) in
      try withKey(key) { (key) throws(TreeError) in
        try buffer.withRawBytes { (value) throws(TreeError) in
          _ = try nodes!.put(key, RawSpan(_unsafeBytes: value), weight: weight)
        }
      }
    }
  }

  private func store(_ part: OpenNode.Part, of node: OpenNode) throws(LogError) {
    buffer.removeAll(keepingCapacity: true)
    Child.encode(part.children, of: node.key, into: &buffer)
    try put(nodePart(node.key, part.number + 1), weight: part.rows)
  }

  /// Writes the head, and the children that it does not hold, as far as they have changed.
  private func store(_ node: OpenNode) throws(LogError) {
    if !node.head.isInline {
      for index in node.older.indices where node.older[index].isChanged {
        try store(node.older[index], of: node)
        node.older[index].isChanged = false
      }
      if node.last.isChanged { try store(node.last, of: node) }
      node.last.isChanged = false
    }
    buffer.removeAll(keepingCapacity: true)
    node.head.encode(into: &buffer)
    if node.head.isInline { Child.encode(node.last.children, of: node.key, into: &buffer) }
    try put(nodePart(node.key, 0), weight: node.head.isInline ? UInt64(node.head.rows) : 0)
    node.isChanged = false
  }

  func addFrame(firstID: UInt32, at offset: Int64) throws(LogError) {
    try inTransaction { () throws(TreeError) in
      _ = try withKey(firstID) { (key) throws(TreeError) in
        try withUnsafeBytes(of: offset.littleEndian) { (value) throws(TreeError) in
          try frames!.put(key, RawSpan(_unsafeBytes: value))
        }
      }
    }
  }

  /// Brings the sizes and severities above all open nodes up to date, each node once: a child's id
  /// is larger than its parent's.
  private func gather() throws(LogError) -> [OpenNode] {
    var nodes = Array(open.values)
    nodes.sort { $0.key > $1.key }
    for node in nodes {
      let rows = node.closedRows + node.openRows
      node.openRows = 0
      if node.head.rows != rows {
        node.head.rows = rows
        node.isChanged = true
      }
      guard let parent = node.parent else { continue }
      parent.openRows += rows + 1
      if node.head.worst > parent.head.worst {
        parent.head.worst = node.head.worst
        parent.isChanged = true
      }
      _ = parent.update(
        node.ordinal, size: rows + 1, worst: node.head.worst, isClosed: false)
    }
    root.head.rows = root.closedRows + root.openRows
    root.openRows = 0
    return nodes
  }

  /// Makes everything up to the frames that end at `end` visible to snapshots.
  ///
  /// - Parameter prepare: called before it is visible.
  func publish(
    upTo end: Int64, _ kind: CommitKind, _ prepare: () throws(LogError) -> Void = {}
  ) throws(LogError) {
    state.end = end
    for node in try gather() {
      if node.isChanged { try store(node) }
      if !node.isStored {
        try inTransaction { () throws(TreeError) in
          _ = try withKey(node.key.number) { (key) throws(TreeError) in
            try openTree!.put(key, RawSpan())
          }
        }
        node.isStored = true
      }
    }
    if root.isChanged { try store(root) }
    try inTransaction { () throws(TreeError) in
      let names = try transaction!.tree(IndexTree.names, creating: IndexTree.nameOptions)
      for (number, name) in newNames {
        _ = try withKey(number) { (key) throws(TreeError) in try names.put(key, name.span.bytes) }
      }
      let counts = try transaction!.tree(IndexTree.depths, creating: IndexTree.depthOptions)
      for depth in changedDepths {
        _ = try withKey(UInt32(depth)) { (key) throws(TreeError) in
          try withUnsafeBytes(of: depths[depth].littleEndian) { (value) throws(TreeError) in
            try counts.put(key, RawSpan(_unsafeBytes: value))
          }
        }
      }
      let states = try transaction!.tree(IndexTree.state, creating: IndexTree.stateOptions)
      try states.put(RawSpan(), state.encoded.span.bytes)
    }
    try prepare()
    try inTransaction { () throws(TreeError) in try transaction!.commit(kind) }
    newNames = []
    changedDepths = []
    (nodes, frames, openTree, transaction) = (nil, nil, nil, nil)
  }
}

// MARK: - Opening

extension Indexer {
  /// Takes up the work where the index was published last.
  ///
  /// - Throws: ``LogError``: `.index` if it is damaged.
  func resume(_ snapshot: LogSnapshot) throws(LogError) {
    state = snapshot.state
    depths = try snapshot.openedByDepth()
    // A parent comes before its children.
    var children: [UInt32: [UInt32]] = [:]
    for key in try snapshot.openKeys() {
      let place = try snapshot.place(of: key.id)
      guard let parent = place.parent == .root ? root : open[place.parent.number] else {
        throw .damagedIndex("an open entry has a parent that is not")
      }
      let node = OpenNode(
        key, parent: parent, ordinal: place.ordinal, depth: parent.depth + 1)
      node.isStored = true
      open[key.number] = node
      children[place.parent.number, default: []].append(place.ordinal)
    }
    for node in open.values {
      try resume(node, snapshot, openChildren: children[node.key.number] ?? [])
    }
    try resume(root, snapshot, openChildren: children[NodeKey.root.number] ?? [])
  }

  private func resume(
    _ node: OpenNode, _ snapshot: LogSnapshot, openChildren: [UInt32]
  ) throws(LogError) {
    let head = try snapshot.head(of: node.key)
    guard !head.isClosed, head.rows <= state.entryCount else {
      throw .damagedIndex("an open entry is closed, or larger than the log")
    }
    node.head = head
    node.openChildren = openChildren.count
    node.older = []
    node.isChanged = false
    let lastNumber =
      head.childCount == 0 ? 0 : (head.childCount - 1) / UInt32(Child.perPart)
    node.last = try part(lastNumber, of: node, snapshot)
    for ordinal in openChildren {
      guard ordinal < head.childCount else {
        throw .damagedIndex("an open entry is not among its parent's children")
      }
      let number = ordinal / UInt32(Child.perPart)
      if number == lastNumber {
        node.last.openCount += 1
      } else if node.older.last?.number == number {
        node.older[node.older.count - 1].openCount += 1
      } else {
        var older = try part(number, of: node, snapshot)
        older.openCount = 1
        node.older.append(older)
      }
    }
    var openRows: UInt32 = 0
    for ordinal in openChildren {
      let child = try snapshot.child(Int(ordinal), of: node.key)
      let (sum, overflows) = openRows.addingReportingOverflow(child.size)
      guard !overflows, let opened = open[NodeKey(id: child.id).number],
        try snapshot.head(of: opened.key).rows == child.size - 1
      else { throw .damagedIndex("the sizes of open entries do not add up") }
      openRows = sum
    }
    guard openRows <= head.rows else {
      throw .damagedIndex("the sizes of open entries do not add up")
    }
    node.closedRows = head.rows - openRows
  }

  private func part(
    _ number: UInt32, of node: OpenNode, _ snapshot: LogSnapshot
  ) throws(LogError) -> OpenNode.Part {
    let children = try snapshot.children(inPart: number, of: node.key)
    return OpenNode.Part(number: number, children: children, isChanged: false)
  }

  /// Adds what a frame says.
  func replay(_ frame: Frame) throws(LogError) {
    guard frame.firstID == state.entryCount else {
      throw .damagedFrame(at: frame.offset, "its first entry is not the next")
    }
    var cursor = RecordCursor(frame)
    while let record = try cursor.next() { try replay(record, frame) }
    if frame.entryCount > 0 { try addFrame(firstID: frame.firstID, at: frame.offset) }
    state.end = frame.end
  }

  @inline(__always)
  private func replay(_ record: Record, _ frame: Frame) throws(LogError) {
    switch record.kind {
    case .entry, .opening:
      guard let parent = node(record.parent), parent.head.childCount == record.ordinal else {
        throw .damagedFrame(at: frame.offset, "entry \(record.id) has no place under its parent")
      }
      try addEntry(under: parent, record.severity, isNode: record.kind == .opening)
    case .closing:
      guard let node = node(NodeKey(id: record.id)), node.openChildren == 0 else {
        throw .damagedFrame(at: frame.offset, "entry \(record.id) is closed, but cannot be")
      }
      try close(node, record.severity, inFrame: frame.offset)
    case .text:
      guard let node = node(NodeKey(id: record.id)) else {
        throw .damagedFrame(at: frame.offset, "entry \(record.id) has a new text, but is not open")
      }
      setText(node, inFrame: frame.offset)
    case .name:
      addName([UInt8](record.body))
    }
  }
}
