/// Makes a terminal show a screen, by sending what is not there yet.
///
/// Only sequences of the VT100 are sent, and that which hides the cursor. Lines that have moved up or
/// down are moved by the terminal itself.
public struct Painter {
  /// What the terminal shows; `nil` if that is not known.
  private var shown: Screen?

  /// The alternate screen, without cursor, and without going on to the next line at the end of one.
  public static let enter: StaticString = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l"
  /// As it was.
  public static let leave: StaticString = "\u{1B}[0m\u{1B}[r\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"

  public init() {}

  /// Has everything sent the next time, as when something else has written to the terminal.
  public mutating func forget() { shown = nil }

  /// What is to be sent.
  public mutating func bytes(for screen: Screen) -> [UInt8] {
    var output = Output()
    let old: Screen
    if let shown, shown.columns == screen.columns, shown.rows == screen.rows {
      old = shown
    } else {
      output.append("\u{1B}[?25l\u{1B}[0m\u{1B}[H\u{1B}[2J")
      old = Screen(columns: screen.columns, rows: screen.rows)
    }
    let hadCursor = old.cursor
    let lines = Self.scroll(old.lines, to: screen.lines, &output) ?? old.lines
    Self.paint(screen.lines, over: lines, &output)
    output.select([])
    if let cursor = screen.cursor {
      if !output.bytes.isEmpty || hadCursor != cursor {
        output.move(cursor.row, cursor.column)
        if hadCursor == nil { output.append("\u{1B}[?25h") }
      }
    } else if hadCursor != nil {
      output.append("\u{1B}[?25l")
    }
    shown = screen
    return output.bytes
  }

  /// The sequences, and the style that the terminal has after them.
  private struct Output {
    var bytes: [UInt8] = []
    private var style: Style = []

    mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func move(_ row: Int, _ column: Int) { append("\u{1B}[\(row + 1);\(column + 1)H") }

    mutating func select(_ new: Style) {
      guard new != style else { return }
      append(new.sequence)
      style = new
    }
  }

  // MARK: Lines that differ

  /// Cells between two that differ are sent again if they are fewer than what moving over them takes.
  private static let shortestGap = 6

  private static func paint(
    _ lines: [[Screen.Cell]], over old: [[Screen.Cell]], _ output: inout Output
  ) {
    for row in lines.indices where lines[row] != old[row] {
      paint(lines[row], over: old[row], row, &output)
    }
  }

  private static func paint(
    _ line: [Screen.Cell], over old: [Screen.Cell], _ row: Int, _ output: inout Output
  ) {
    // From here on the line is blank.
    let end = (line.lastIndex { $0 != .blank } ?? -1) + 1
    var column = 0
    while let start = (column..<end).first(where: { line[$0] != old[$0] }) {
      var last = start
      var next = start
      while next < end, next - last <= shortestGap {
        if line[next] != old[next] { last = next }
        next += 1
      }
      // A wide glyph is sent from its left half on.
      let first = line[start].text.isEmpty && start > 0 ? start - 1 : start
      output.move(row, first)
      send(line[first...last], &output)
      column = last + 1
    }
    if end < line.count, old[end...].contains(where: { $0 != .blank }) {
      output.select([])
      output.move(row, end)
      output.append("\u{1B}[K")
    }
  }

  private static func send(_ cells: ArraySlice<Screen.Cell>, _ output: inout Output) {
    var isCertain = true
    for (column, cell) in zip(cells.indices, cells) where !cell.text.isEmpty {
      let isASCII = cell.text.utf8.count == 1
      if isASCII, !isCertain {
        // Terminals differ in how wide they take some characters for.
        output.append("\u{1B}[\(column + 1)G")
      }
      isCertain = isASCII
      output.select(cell.style)
      output.append(cell.text)
    }
  }

  // MARK: Lines that have moved

  /// Has the terminal move lines if many of them are wanted further up or down.
  ///
  /// - Returns: the lines that it shows then; `nil` if none are moved.
  private static func scroll(
    _ old: [[Screen.Cell]], to new: [[Screen.Cell]], _ output: inout Output
  ) -> [[Screen.Cell]]? {
    // The last line is none of those that move.
    let count = old.count - 1
    guard count > 2 else { return nil }
    let (before, after) = (old.map(\.hashValue), new.map(\.hashValue))
    func matches(_ shift: Int) -> Int {
      (max(0, -shift)..<min(count, count - shift)).count { row in
        before[row + shift] == after[row] && new[row].contains { $0 != .blank }
      }
    }
    let unmoved = matches(0)
    var best = (shift: 0, matches: unmoved)
    for distance in 1...(count / 2) {
      for shift in [distance, -distance] {
        let found = matches(shift)
        if found > best.matches { best = (shift, found) }
      }
    }
    guard best.shift != 0, best.matches >= unmoved + 2 else { return nil }
    let distance = abs(best.shift)
    let blank = Array(
      repeating: Array(repeating: Screen.Cell.blank, count: old[0].count), count: distance)
    output.append("\u{1B}[1;\(count)r")
    if best.shift > 0 {
      output.move(count - 1, 0)
      output.append(String(repeating: "\n", count: distance))
    } else {
      output.move(0, 0)
      output.append(String(repeating: "\u{1B}M", count: distance))
    }
    output.append("\u{1B}[r")
    let moved =
      best.shift > 0
      ? Array(old[distance..<count]) + blank : blank + Array(old[..<(count - distance)])
    return moved + [old[count]]
  }
}
