import CairnLog
import CommandSupport

/// Draws a browser's rows, and the line under them.
public enum Renderer {
  /// Rows that are not the log's.
  public static let reservedRows = 1

  /// Draws the rows of a log.
  static func draw(_ rows: [LogRow], selected: Int, on screen: inout Screen) {
    for (line, row) in rows.enumerated() where line < screen.rows - reservedRows {
      var style = style(row.worstSeverity)
      if row.row == selected { style.insert(.reverse) }
      let end = screen.write(text(row, columns: screen.columns), row: line, column: 0, style)
      if row.row == selected { screen.fill(row: line, from: end, style) }
    }
  }

  private static func style(_ severity: Severity) -> Style {
    switch severity {
    case .trace, .debug: .faint
    case .info, .notice: []
    case .warning: .yellow
    case .error: .red
    case .critical: [.red, .bold]
    }
  }

  private static let timeLength = 8

  /// The time, the severity if it is one to look at, the place in the outline, and what it says.
  static func text(_ row: LogRow, columns: Int) -> String {
    let time = Formatting.localTime(row.entry.time).suffix(timeLength)
    // A deep entry must not fill the line with its indentation.
    let indentation = String(repeating: "  ", count: min(row.depth, columns / 8))
    let mark = row.childCount == 0 ? " " : row.isExpanded ? "-" : "+"
    var text = "\(time) \(letter(row.worstSeverity)) \(indentation)\(mark) \(row.entry.text)"
    if let result = row.entry.result?.text { text += ": \(result)" }
    if row.childCount > 0, !row.isExpanded { text += " (\(Formatting.count(row.childCount)))" }
    return text
  }

  private static func letter(_ severity: Severity) -> String {
    switch severity {
    case .trace, .debug, .info, .notice: " "
    case .warning: "W"
    case .error: "E"
    case .critical: "C"
    }
  }

  /// Draws the last line.
  static func drawStatus(_ status: String, on screen: inout Screen) {
    let row = screen.rows - 1
    let end = screen.write(status, row: row, column: 0, .reverse)
    screen.fill(row: row, from: end, .reverse)
  }

  /// Where somebody is, what is shown, and what there is to say.
  static func status(_ browser: Browser, rowCount: Int) -> String {
    let row = rowCount == 0 ? 0 : browser.selected + 1
    var parts = ["row \(Formatting.count(row)) of \(Formatting.count(rowCount))"]
    if let severity = browser.view.minimumSeverity { parts.append("\(severity) or worse") }
    if browser.isFollowing { parts.append("following") }
    parts.append(browser.message ?? "? for help")
    return " " + parts.joined(separator: " | ")
  }

  /// Draws lines of text over all rows.
  static func draw(_ lines: [String], on screen: inout Screen) {
    for (row, line) in lines.enumerated() where row < screen.rows - reservedRows {
      screen.write(line, row: row, column: 0)
    }
  }
}
