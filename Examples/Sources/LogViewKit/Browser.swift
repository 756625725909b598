public import CairnLog

/// A log as somebody looks at it: which entries are unfolded, which rows are on the screen, and which
/// one is selected.
///
/// Every command takes time by what it shows, not by the log's size; a search for a text is done in
/// steps. All calls throw `LogError` as the view does, and leave the browser as it was, or nearly so.
public struct Browser {
  public enum Direction: Sendable, Hashable {
    case forward, backward
  }

  /// What it is told.
  public enum Command: Sendable, Hashable {
    /// Selects the row so many rows further down.
    case move(Int)
    /// The same, in screens.
    case page(Int)
    case first, last
    /// Selects a row, counted from 0, or the last one.
    case row(Int)
    /// Unfolds all that an entry is under, and selects it.
    case entry(EntryID)
    /// Unfolds the selected entry, or goes into it.
    case unfold
    /// Folds the selected entry, or goes out of it.
    case fold
    case toggle
    case foldAll, unfoldAll
    /// Unfolds entries of a depth below that, and folds all others.
    case unfoldTo(Int)
    /// Selects the next entry of a severity or worse, in the order of the outline.
    case severe(Severity, Direction)
    /// Begins to look for a text; entries are looked at in order of arrival.
    case find(String, Direction)
    /// The same text again.
    case findAgain(Direction)
    /// Shows only entries of a severity or worse, and what they are under.
    case filter(Severity?)
    /// Whether the last row stays selected as the log grows.
    case follow(Bool)
  }

  public let view: LogView
  /// The selected row; 0 if there is none.
  public private(set) var selected = 0
  /// The first row on the screen.
  public private(set) var top = 0
  /// The rows that fit on the screen.
  public private(set) var height = 1
  public private(set) var isFollowing = false
  /// What is to be said about the last command.
  public private(set) var message: String?
  /// The text that was looked for last.
  public private(set) var pattern: String?
  private var search: Search?

  /// - Parameter position: an entry that is selected at first.
  public init(_ view: LogView, position: EntryID? = nil) throws(LogError) {
    self.view = view
    if let position { try reveal(position) }
  }

  public var rowCount: Int { get throws(LogError) { try view.rowCount } }

  /// The selected entry; `nil` if there is no row.
  public var selectedEntry: EntryID? {
    get throws(LogError) { try view.rows(in: selected..<selected + 1).first?.entry.id }
  }

  /// The rows on the screen.
  public var rows: [LogRow] {
    get throws(LogError) { try view.rows(in: top..<top + height) }
  }

  public mutating func resize(height: Int) throws(LogError) {
    self.height = max(1, height)
    try scroll()
  }

  public mutating func perform(_ command: Command) throws(LogError) {
    endSearch()
    message = nil
    switch command {
    case .move(let rows): try move(rows)
    case .page(let pages):
      // A row of the page before stays, for the eye.
      let rows = pages * max(1, height - 1)
      top += rows
      try move(rows)
    case .first: try select(0)
    case .last: try select(.max)
    case .row(let row): try select(row)
    case .entry(let id): try find(id)
    case .unfold: try unfold()
    case .fold: try fold()
    case .toggle:
      if let id = try selectedEntry, try view.toggle(id) == nil { message = "nothing is under it" }
      try scroll()
    case .foldAll: try change { (view) throws(LogError) in view.collapseAll() }
    case .unfoldAll: try change { (view) throws(LogError) in view.expandAll() }
    case .unfoldTo(let depth):
      try change { (view) throws(LogError) in try view.expandAll(toDepth: depth) }
    case .severe(let severity, let direction): try find(severity, direction)
    case .find(let text, let direction): try begin(text, direction)
    case .findAgain(let direction):
      guard let pattern else {
        message = "no text was looked for yet"
        return
      }
      try begin(pattern, direction)
    case .filter(let severity):
      try change { (view) throws(LogError) in try view.filter(severity) }
    case .follow(let follows):
      isFollowing = follows
      if follows { try select(.max, keepsFollowing: true) }
    }
  }

  // MARK: Rows

  private mutating func move(_ rows: Int) throws(LogError) {
    if rows < 0 { isFollowing = false }
    let (row, overflows) = selected.addingReportingOverflow(rows)
    try select(overflows ? (rows < 0 ? 0 : .max) : row, keepsFollowing: rows > 0)
  }

  private mutating func select(_ row: Int, keepsFollowing: Bool = false) throws(LogError) {
    if !keepsFollowing { isFollowing = false }
    selected = row
    try scroll()
  }

  /// Brings the selected row on the screen, and lets rows fill it.
  private mutating func scroll() throws(LogError) {
    let count = try view.rowCount
    selected = max(0, min(selected, count - 1))
    top = max(selected - height + 1, min(top, selected))
    top = max(0, min(top, count - height))
  }

  /// Selects an entry's row, or that of the nearest entry that it is under and that has one, at the
  /// same height of the screen.
  private mutating func place(on id: EntryID?, at height: Int) throws(LogError) {
    var next = id
    while let id = next {
      if let row = try view.row(of: id) {
        selected = row
        top = row - height
        break
      }
      next = try view.snapshot.parent(of: id)
    }
    try scroll()
  }

  /// Changes what is shown, and keeps the selected entry in its place.
  private mutating func change(_ body: (LogView) throws(LogError) -> Void) throws(LogError) {
    let id = try selectedEntry
    let height = selected - top
    try body(view)
    try place(on: id, at: height)
  }

  // MARK: Folding

  private mutating func unfold() throws(LogError) {
    guard let row = try view.rows(in: selected..<selected + 1).first else { return }
    guard row.childCount > 0 else {
      message = "nothing is under it"
      return
    }
    if row.isExpanded {
      try select(selected + 1)
    } else {
      try view.expand(row.entry.id)
      try scroll()
    }
  }

  private mutating func fold() throws(LogError) {
    guard let row = try view.rows(in: selected..<selected + 1).first else { return }
    if row.isExpanded, row.childCount > 0 {
      try view.collapse(row.entry.id)
      try scroll()
    } else if let parent = row.entry.parent, let row = try view.row(of: parent) {
      try select(row)
    }
  }

  // MARK: Finding

  /// Selects an entry.
  ///
  /// - Returns: whether it has a row.
  @discardableResult
  private mutating func reveal(_ id: EntryID) throws(LogError) -> Bool {
    guard let row = try view.reveal(id).row else { return false }
    let isSeen = top..<top + height ~= row
    if !isSeen { top = row - height / 2 }
    try select(row)
    return true
  }

  private mutating func find(_ id: EntryID) throws(LogError) {
    guard Int(id.number) < view.snapshot.count else {
      message = "there is no entry \(id)"
      return
    }
    if try !reveal(id) { message = "entry \(id) is less severe than what is shown" }
  }

  private mutating func find(_ severity: Severity, _ direction: Direction) throws(LogError) {
    let severity = max(severity, view.minimumSeverity ?? .trace)
    let id = try selectedEntry
    let found =
      switch direction {
      case .forward: try view.snapshot.nextEntry(after: id, severity: severity)
      case .backward:
        // Before the first one there is none; before nothing, the last one.
        id == nil ? nil : try view.snapshot.previousEntry(before: id, severity: severity)
      }
    guard let found else {
      message = "no \(severity) \(direction == .forward ? "below" : "above")"
      return
    }
    try reveal(found)
  }

  private struct Search {
    var text: String
    var direction: Direction
    /// What is still to be looked at.
    var ids: Range<EntryID>
    var count: Int
  }

  /// Entries that are looked at in a step: some hundredths of a second.
  private static let searchStep: UInt32 = 50_000

  /// Whether there are more entries to look at, by ``continueSearch()``.
  public var isSearching: Bool { search != nil }

  public mutating func endSearch() {
    if search != nil { message = nil }
    search = nil
  }

  private mutating func begin(_ text: String, _ direction: Direction) throws(LogError) {
    guard !text.isEmpty else { return }
    pattern = text
    let end = EntryID(UInt32(view.snapshot.count))
    let ids: Range<EntryID>
    if let id = try selectedEntry {
      ids =
        direction == .forward ? EntryID(id.number + 1)..<end : EntryID(0)..<id
    } else {
      ids = EntryID(0)..<end
    }
    search = Search(
      text: text, direction: direction, ids: ids,
      count: Int(ids.upperBound.number - ids.lowerBound.number))
    try continueSearch()
  }

  /// Looks at some more entries.
  public mutating func continueSearch() throws(LogError) {
    guard var search else { return }
    self.search = nil
    guard !search.ids.isEmpty else {
      message =
        "\"\(search.text)\" is nowhere \(search.direction == .forward ? "behind" : "before") that"
      return
    }
    let (low, high) = (search.ids.lowerBound.number, search.ids.upperBound.number)
    let step = min(Self.searchStep, high - low)
    let found: EntryID?
    switch search.direction {
    case .forward:
      found = try view.snapshot.firstEntry(
        in: search.ids.lowerBound..<EntryID(low + step), containing: search.text)
      search.ids = EntryID(found.map { $0.number + 1 } ?? low + step)..<search.ids.upperBound
    case .backward:
      found = try view.snapshot.lastEntry(
        in: EntryID(high - step)..<search.ids.upperBound, containing: search.text)
      search.ids = search.ids.lowerBound..<(found ?? EntryID(high - step))
    }
    if let found, try reveal(found) {
      message = nil
      return
    }
    let rest = Int(search.ids.upperBound.number - search.ids.lowerBound.number)
    message =
      "looking for \"\(search.text)\": \(100 - rest * 100 / max(1, search.count)) %; any key ends it"
    self.search = search
  }

  // MARK: Following

  /// Shows a later state of the log.
  ///
  /// The selected entry stays selected, and where it is on the screen; while the log is followed, its
  /// last row is selected.
  public mutating func update(to snapshot: LogSnapshot) throws(LogError) {
    let id = try selectedEntry
    let height = selected - top
    _ = try view.update(to: snapshot)
    if isFollowing {
      try select(.max, keepsFollowing: true)
    } else {
      try place(on: id, at: height)
    }
  }
}
