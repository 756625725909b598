/// The rows of a log, some entries of which are expanded, and others collapsed.
///
/// A row is an entry whose ancestors are all expanded; under an entry come its children in their
/// order. At first all entries are collapsed. Views know nothing of one another. Memory grows with
/// the number of entries that differ from what was told of all of them (17 bytes each, and as much
/// for their ancestors), and with those that a filter shows; not with the log.
///
/// Used by one thread at a time, as its ``LogSnapshot``. All calls throw ``LogError`` as the snapshot
/// does.
///
/// Finding a row takes time in proportion to its depth. So does any change.
public final class LogView {
  /// What it shows.
  public private(set) var snapshot: LogSnapshot
  /// Entries are shown that have at least this severity, or such entries under them; `nil` for all.
  public private(set) var minimumSeverity: Severity?

  private var outline: any Outline
  private var table = DeltaTable()
  private var expandsByDefault = false
  private var depthRule: Int?

  /// A view of a log with everything collapsed.
  public init(_ snapshot: LogSnapshot) {
    self.snapshot = snapshot
    outline = snapshot
  }

  /// A view as another one was. Entries that the log does not have are passed over.
  public init(_ snapshot: LogSnapshot, _ state: LogViewState) throws(LogError) {
    self.snapshot = snapshot
    outline = snapshot
    expandsByDefault = state.expandsByDefault
    depthRule = state.depth
    minimumSeverity = state.minimumSeverity
    if let minimumSeverity { outline = try FilteredOutline(snapshot, minimumSeverity) }
    try rebuild(state.toggled.filter { Int($0.number) < snapshot.count }.map(\.number))
  }

  /// A view as one that was saved, perhaps when the log had fewer entries. Entries that the log does
  /// not have are passed over.
  public convenience init(_ snapshot: LogSnapshot, _ saved: SavedView) throws(LogError) {
    try self.init(snapshot, saved.state)
    let arrived = try toggledByRule(from: saved.entryCount)
    if !arrived.isEmpty { try rebuild(toggledIDs() + arrived) }
  }

  /// What it was told.
  public var state: LogViewState {
    get throws(LogError) {
      var state = LogViewState()
      state.expandsByDefault = expandsByDefault
      state.depth = depthRule
      state.minimumSeverity = minimumSeverity
      state.toggled = try toggledIDs().map { EntryID($0) }.sorted()
      return state
    }
  }

  private func toggledIDs() throws(LogError) -> [UInt32] {
    var ids: [UInt32] = []
    for entry in table.entries where entry.isToggled {
      let place = Place(key: entry.key)
      ids.append(try outline.child(Int(place.ordinal), of: place.parent).id)
    }
    // What the filter hides keeps its state.
    return ids + hiddenToggles
  }

  /// Toggled entries that the filter hides.
  private var hiddenToggles: [UInt32] = []

  // MARK: Weights

  private func isExpanded(_ key: UInt64) -> Bool { table[key].isToggled != expandsByDefault }

  /// The rows of a node's first children by default.
  private func defaultRows(before ordinal: Int, of node: NodeKey) throws(LogError) -> Int {
    expandsByDefault ? try outline.rows(before: ordinal, of: node) : ordinal
  }

  private func defaultRows(of child: Child) -> Int { expandsByDefault ? Int(child.size) : 1 }

  /// The rows of a node's first children.
  private func rows(before ordinal: Int, of node: NodeKey) throws(LogError) -> Int {
    if ordinal == 0 { return 0 }
    let low = Place(parent: node, ordinal: 0).key
    let high = Place(parent: node, ordinal: UInt32(ordinal)).key
    let delta = table.count == 0 ? 0 : table.sum(before: high) - table.sum(before: low)
    return try defaultRows(before: ordinal, of: node) + Int(delta)
  }

  /// The rows that a node shows under it when it is expanded.
  private func rowsInside(_ node: NodeKey) throws(LogError) -> Int {
    try rows(before: outline.childCount(of: node), of: node)
  }

  /// The number of rows.
  public var rowCount: Int { get throws(LogError) { try rowsInside(.root) } }

  // MARK: Rows

  /// The row of an entry; `nil` if an ancestor is collapsed, or the filter hides it.
  public func row(of id: EntryID) throws(LogError) -> Int? {
    try snapshot.check(id.number)
    guard var place = try outline.placeIfShown(of: id.number) else { return nil }
    var row = 0
    while true {
      row += try rows(before: Int(place.ordinal), of: place.parent)
      if place.parent == .root { return row }
      guard let parent = try outline.placeIfShown(of: place.parent.id), isExpanded(parent.key)
      else { return nil }
      place = parent
      row += 1
    }
  }

  /// The child of a node that is, or is above, one of the rows inside it, and how many rows of that
  /// child come before.
  private func child(
    atRow row: Int, inside node: NodeKey
  ) throws(LogError) -> (ordinal: Int, rest: Int) {
    let low = Place(parent: node, ordinal: 0).key
    let high = (UInt64(node.number) + 1) << 32
    let last = try table.last(from: low, below: high) { (key, sum) throws(LogError) in
      let ordinal = Int(Place(key: key).ordinal)
      return try defaultRows(before: ordinal, of: node) + Int(sum) <= row
    }
    var defaultRow = row
    if let (entry, sum) = last {
      let ordinal = Int(Place(key: entry.key).ordinal)
      let start = try defaultRows(before: ordinal, of: node) + Int(sum)
      let child = try outline.child(ordinal, of: node)
      let end = start + defaultRows(of: child) + Int(entry.delta)
      if row < end { return (ordinal, row - start) }
      defaultRow = try defaultRows(before: ordinal + 1, of: node) + row - end
    }
    guard expandsByDefault else { return (defaultRow, 0) }
    let (ordinal, rows) = try outline.ordinal(atRow: defaultRow, of: node)
    return (ordinal, defaultRow - rows)
  }

  /// Calls `body` with the rows of a range, in order, until it returns false. Rows that are not there
  /// are passed over.
  public func forEachRow(
    in rows: Range<Int>, _ body: (LogRow) throws(LogError) -> Bool
  ) throws(LogError) {
    let rows = rows.clamped(to: 0..<(try rowCount))
    guard !rows.isEmpty else { return }
    // The way from the root to the row.
    var path: [(node: NodeKey, ordinal: Int)] = []
    var (node, rest) = (NodeKey.root, rows.lowerBound)
    while true {
      let (ordinal, behind) = try child(atRow: rest, inside: node)
      path.append((node, ordinal))
      if behind == 0 { break }
      node = NodeKey(id: try outline.child(ordinal, of: node).id)
      rest = behind - 1
    }
    for row in rows {
      guard let (node, ordinal) = path.last else { return }
      let child = try outline.child(ordinal, of: node)
      let key = Place(parent: node, ordinal: UInt32(ordinal)).key
      let childNode = NodeKey(id: child.id)
      let childCount = child.isNode ? try outline.childCount(of: childNode) : 0
      let isExpanded = child.isNode && isExpanded(key)
      let shown = LogRow(
        row: row, entry: try snapshot.entry(EntryID(child.id)), depth: path.count - 1,
        childCount: childCount, isExpanded: isExpanded, worstSeverity: child.worst)
      guard try body(shown), row + 1 < rows.upperBound else { return }
      if isExpanded, childCount > 0 {
        path.append((childNode, 0))
        continue
      }
      path[path.count - 1].ordinal += 1
      while let (node, ordinal) = path.last, try ordinal >= outline.childCount(of: node) {
        path.removeLast()
        if !path.isEmpty { path[path.count - 1].ordinal += 1 }
      }
    }
  }

  /// The rows of a range, as far as they are there.
  public func rows(in rows: Range<Int>) throws(LogError) -> [LogRow] {
    var found: [LogRow] = []
    try forEachRow(in: rows) { row throws(LogError) in
      found.append(row)
      return true
    }
    return found
  }

  // MARK: Folding

  /// Whether an entry is expanded; false for one that cannot have children, or is hidden by the
  /// filter.
  public func isExpanded(_ id: EntryID) throws(LogError) -> Bool {
    guard try snapshot.canHaveChildren(id), let place = try outline.placeIfShown(of: id.number)
    else { return false }
    return isExpanded(place.key)
  }

  /// Expands an entry, or does nothing if it is, or cannot have children.
  ///
  /// - Returns: the rows that appear; `nil` if none do.
  @discardableResult
  public func expand(_ id: EntryID) throws(LogError) -> RowChange? {
    try set(id, expanded: true)
  }

  /// Collapses an entry, or does nothing if it is, or cannot have children.
  ///
  /// - Returns: the rows that disappear; `nil` if none do.
  @discardableResult
  public func collapse(_ id: EntryID) throws(LogError) -> RowChange? {
    try set(id, expanded: false)
  }

  /// Expands or collapses an entry.
  @discardableResult
  public func toggle(_ id: EntryID) throws(LogError) -> RowChange? {
    try set(id, expanded: !isExpanded(id))
  }

  private func set(_ id: EntryID, expanded: Bool) throws(LogError) -> RowChange? {
    guard try snapshot.canHaveChildren(id), let place = try outline.placeIfShown(of: id.number),
      isExpanded(place.key) != expanded
    else { return nil }
    let inside = try flip(place, id.number)
    guard inside > 0, let row = try row(of: id) else { return nil }
    return expanded
      ? RowChange(row: row + 1, inserted: inside) : RowChange(row: row + 1, removed: inside)
  }

  /// Expands what is collapsed, and the other way round, and adds the difference to its ancestors up
  /// to one that is collapsed.
  ///
  /// - Returns: the number of rows inside.
  @discardableResult
  private func flip(_ place: Place, _ id: UInt32) throws(LogError) -> Int {
    let inside = try rowsInside(NodeKey(id: id))
    let known = table[place.key]
    let difference = Int64(known.isToggled != expandsByDefault ? -inside : inside)
    table.set(place.key, delta: known.delta + difference, isToggled: !known.isToggled)
    try add(difference, above: place)
    return inside
  }

  /// Tells a place's ancestors that it shows more rows.
  private func add(_ difference: Int64, above place: Place) throws(LogError) {
    guard difference != 0 else { return }
    var place = place
    while place.parent != .root {
      guard let parent = try outline.placeIfShown(of: place.parent.id) else { return }
      let known = table[parent.key]
      guard known.isToggled != expandsByDefault else { return }
      table.set(parent.key, delta: known.delta + difference, isToggled: known.isToggled)
      place = parent
    }
  }

  /// Expands the ancestors of an entry.
  ///
  /// - Returns: the entry's row, and the rows that appear; no row if the filter hides the entry.
  @discardableResult
  public func reveal(_ id: EntryID) throws(LogError) -> (row: Int?, change: RowChange?) {
    try snapshot.check(id.number)
    guard var place = try outline.placeIfShown(of: id.number) else { return (nil, nil) }
    let before = try rowCount
    var highest: EntryID?
    // From below: what is added stops at the next one that is collapsed still.
    while place.parent != .root, let parent = try outline.placeIfShown(of: place.parent.id) {
      if !isExpanded(parent.key) {
        try flip(parent, place.parent.id)
        highest = EntryID(place.parent.id)
      }
      place = parent
    }
    let inserted = try rowCount - before
    let row = try row(of: id)
    guard let highest, inserted > 0, let start = try self.row(of: highest) else {
      return (row, nil)
    }
    return (row, RowChange(row: start + 1, inserted: inserted))
  }

  // MARK: All at once

  /// Collapses all entries, also those to come. Takes no time.
  public func collapseAll() { reset(expanded: false) }

  /// Expands all entries, also those to come. Takes no time.
  public func expandAll() { reset(expanded: true) }

  private func reset(expanded: Bool) {
    expandsByDefault = expanded
    depthRule = nil
    table = DeltaTable()
    hiddenToggles = []
  }

  /// Expands all entries of a depth below `depth`, also those to come, and collapses all others.
  ///
  /// Takes time and memory in proportion to the entries that were opened below that depth, or from
  /// it on, whichever are fewer. An entry without parent has depth 0.
  public func expandAll(toDepth depth: Int) throws(LogError) {
    let counts = try snapshot.openedByDepth()
    let above = counts.prefix(max(0, depth)).reduce(0, +)
    let below = counts.dropFirst(max(0, depth)).reduce(0, +)
    reset(expanded: above > below)
    depthRule = depth
    var toggled: [UInt32] = []
    if min(above, below) > 0 {
      toggled = try nodes(
        deeperThan: above > below ? depth : 0, below: above > below ? .max : depth)
    }
    try rebuild(toggled)
  }

  /// The entries that were opened, of some depths.
  private func nodes(deeperThan least: Int, below limit: Int) throws(LogError) -> [UInt32] {
    var found: [UInt32] = []
    var waiting: [(node: NodeKey, depth: Int)] = [(.root, 0)]
    while let (node, depth) = waiting.popLast() {
      guard depth < limit else { continue }
      let parts = (try snapshot.childCount(of: node) + Child.perPart - 1) / Child.perPart
      for part in 0..<parts {
        for child in try snapshot.children(inPart: UInt32(part), of: node) where child.isNode {
          if depth >= least { found.append(child.id) }
          if depth + 1 < limit { waiting.append((NodeKey(id: child.id), depth + 1)) }
        }
      }
    }
    return found
  }

  /// Shows only entries of a severity or worse, and those above them; `nil` for all.
  ///
  /// What is expanded stays so. Takes time in proportion to the children of the entries that it
  /// shows, and memory to these: 16 bytes for each entry that it shows, and some 50 more for each of
  /// them that has children among them.
  public func filter(_ minimumSeverity: Severity?) throws(LogError) {
    let toggled = try toggledIDs()
    let new: any Outline
    if let minimumSeverity {
      new = try FilteredOutline(snapshot, minimumSeverity)
    } else {
      new = snapshot
    }
    self.minimumSeverity = minimumSeverity
    outline = new
    try rebuild(toggled)
  }

  /// Fills the table from the entries that are not as the default says: each entry, and each ancestor,
  /// is looked at once, after those under it.
  private func rebuild(_ toggled: [UInt32]) throws(LogError) {
    table = DeltaTable()
    hiddenToggles = []
    var waiting = MaximumHeap(toggled)
    let toggledSet = Set(toggled)
    var sums: [UInt32: Int64] = [:]
    var entries: [DeltaTable.Entry] = []
    while let id = waiting.removeMaximum() {
      let isToggled = toggledSet.contains(id)
      guard try snapshot.canHaveChildren(EntryID(id)) else { continue }
      guard let place = try outline.placeIfShown(of: id) else {
        hiddenToggles.append(id)
        continue
      }
      let node = NodeKey(id: id)
      var delta: Int64 = 0
      let sum = sums.removeValue(forKey: id) ?? 0
      if isToggled != expandsByDefault {
        let inside = try defaultRows(before: outline.childCount(of: node), of: node)
        delta = sum + (expandsByDefault ? 0 : Int64(inside))
      } else if expandsByDefault {
        delta = -Int64(try outline.rows(of: node))
      }
      if delta != 0 || isToggled {
        entries.append(DeltaTable.Entry(key: place.key, delta: delta, isToggled: isToggled))
      }
      if delta != 0, place.parent != .root {
        sums[place.parent.id, default: 0] += delta
        waiting.insert(place.parent.id)
      }
    }
    entries.sort { $0.key < $1.key }
    table = DeltaTable(entries)
  }

  // MARK: Following

  /// Shows a later state of the same log; what was told of entries holds on.
  ///
  /// Takes time in proportion to the entries that were open before, and to their depth; with a filter,
  /// as ``filter(_:)``; if entries were expanded to a depth, to the entries that are new as well.
  ///
  /// - Precondition: the snapshot is of the same log, and not older.
  public func update(to new: LogSnapshot) throws(LogError) -> ViewUpdate {
    precondition(new.header.identity == snapshot.header.identity && new.count >= snapshot.count)
    let old = snapshot
    let open = try old.openKeys()
    var update = ViewUpdate(insertions: nil, touched: open.map { EntryID($0.id) })
    if minimumSeverity != nil {
      let before = try toggledIDs()
      snapshot = new
      outline = new
      let toggled = try before + toggledByRule(from: old.count)
      self.outline = try FilteredOutline(new, minimumSeverity ?? .trace)
      try rebuild(toggled)
      return update
    }
    snapshot = new
    outline = new
    try follow(open, old)
    let toggled = try toggledByRule(from: old.count)
    if !toggled.isEmpty { try rebuild(toggledIDs() + toggled) }
    guard open.count <= Self.largestReport else { return update }
    update.insertions = try insertions(open, old)
    return update
  }

  /// With more open entries than this, all rows are said to have changed.
  private static let largestReport = 1000

  /// Brings the rows of entries that were open, and may have grown, up to date, the deepest first.
  private func follow(_ open: [NodeKey], _ old: LogSnapshot) throws(LogError) {
    var differences: [UInt32: Int64] = [:]
    var waiting = MaximumHeap(open.map(\.id))
    while let id = waiting.removeMaximum() {
      guard let place = try outline.placeIfShown(of: id) else { continue }
      let known = table[place.key]
      var difference = differences.removeValue(forKey: id) ?? 0
      if known.isToggled != expandsByDefault {
        // Expanded: by default rows grow as the log says, or not at all.
        if !expandsByDefault { difference += try growth(NodeKey(id: id), old) }
      } else {
        difference = expandsByDefault ? -(try growth(NodeKey(id: id), old)) : 0
      }
      guard difference != 0 else { continue }
      table.set(place.key, delta: known.delta + difference, isToggled: known.isToggled)
      guard place.parent != .root else { continue }
      differences[place.parent.id, default: 0] += difference
      waiting.insert(place.parent.id)
    }
  }

  /// By how many rows a node has grown by default.
  private func growth(_ node: NodeKey, _ old: LogSnapshot) throws(LogError) -> Int64 {
    if Int(node.id) >= old.count { return 0 }
    return expandsByDefault
      ? Int64(try snapshot.rows(of: node) - old.rows(of: node))
      : Int64(try snapshot.childCount(of: node) - old.childCount(of: node))
  }

  /// The new entries that are not as the default says, since entries were expanded to a depth.
  private func toggledByRule(from first: Int) throws(LogError) -> [UInt32] {
    guard let depthRule, first < snapshot.count else { return [] }
    var toggled: [UInt32] = []
    var depths: [NodeKey: Int] = [.root: -1]
    try snapshot.forEachRecord(from: UInt32(first)) { record throws(LogError) in
      guard record.kind == .opening else { return true }
      var depth: Int
      if let known = depths[record.parent] {
        depth = known + 1
      } else {
        depth = try snapshot.depth(of: EntryID(record.parent.id)) + 1
        depths[record.parent] = depth - 1
      }
      depths[NodeKey(id: record.id)] = depth
      if (depth < depthRule) != expandsByDefault { toggled.append(record.id) }
      return true
    }
    return toggled
  }

  /// The rows of the new children of entries that were open and are shown.
  private func insertions(
    _ open: [NodeKey], _ old: LogSnapshot
  ) throws(LogError) -> [RowChange] {
    var insertions: [RowChange] = []
    for node in [.root] + open {
      let (before, now) = (try old.childCount(of: node), try snapshot.childCount(of: node))
      guard now > before else { continue }
      var row = 0
      if node != .root {
        guard let place = try outline.placeIfShown(of: node.id), isExpanded(place.key),
          let own = try self.row(of: EntryID(node.id))
        else { continue }
        row = own + 1
      }
      let start = try rows(before: before, of: node)
      let count = try rows(before: now, of: node) - start
      insertions.append(RowChange(row: row + start, inserted: count))
    }
    return insertions.sorted { $0.row < $1.row }
  }
}
