import CairnLog
import CommandSupport
import FoundationSupport

/// A row as JSON; an entry without parent has null for it.
struct RowDocument: Encodable {
  let row: LogRow

  private enum Key: String, CodingKey {
    case row, id, parent, depth, children, expanded, severity, time, text
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(row.row, forKey: .row)
    try container.encode(row.entry.id, forKey: .id)
    try container.encode(row.entry.parent, forKey: .parent)
    try container.encode(row.depth, forKey: .depth)
    try container.encode(row.childCount, forKey: .children)
    try container.encode(row.isExpanded, forKey: .expanded)
    try container.encode(row.entry.severity, forKey: .severity)
    try container.encode(row.entry.time, forKey: .time)
    try container.encode(row.entry.text, forKey: .text)
  }
}

extension Output {
  /// Writes a row on a line of its own.
  func write(_ row: LogRow, json: Bool) throws {
    try checkReader()
    if json { return try write(json: RowDocument(row: row)) }
    // A deep entry must not fill the line with its indentation.
    let deepest = 40
    let indentation = String(repeating: "  ", count: min(row.depth, deepest))
    let mark = row.childCount == 0 ? " " : row.isExpanded ? "-" : "+"
    let severity = Formatting.left(row.entry.severity.description, 8)
    let text = Formatting.oneLine(row.entry.text)
    try writeLine("\(row.row) \(severity) \(indentation)\(mark) \(text) #\(row.entry.id)")
  }

  /// Writes a range of a view's rows.
  func write(_ rows: Range<Int>, of view: LogView, json: Bool) throws {
    var failure: (any Error)?
    try view.forEachRow(in: rows) { row in
      do {
        try write(row, json: json)
      } catch {
        failure = error
      }
      return failure == nil
    }
    if let failure { throw failure }
  }
}
