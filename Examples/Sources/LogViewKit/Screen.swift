/// What a terminal is to show: rows of cells, each with a glyph and its style.
public struct Screen: Sendable, Hashable {
  public struct Cell: Sendable, Hashable {
    /// Empty for the right half of a wide glyph.
    public var text: String
    public var style: Style

    static let blank = Cell(text: " ", style: [])
  }

  public struct Place: Sendable, Hashable {
    public var row: Int
    public var column: Int

    public init(row: Int, column: Int) {
      self.row = row
      self.column = column
    }
  }

  public let columns: Int
  public let rows: Int
  public private(set) var lines: [[Cell]]
  /// Where the cursor stands; nowhere if what is typed is not shown.
  public var cursor: Place?
  /// Whether only ASCII is shown as it is.
  public let isASCII: Bool

  /// A terminal that claims to be larger gets this much: no size that is sent may fill the memory.
  public static let largest = (columns: 1000, rows: 500)

  /// A blank screen.
  public init(columns: Int, rows: Int, isASCII: Bool = false) {
    self.columns = max(1, min(columns, Self.largest.columns))
    self.rows = max(1, min(rows, Self.largest.rows))
    self.isASCII = isASCII
    lines = Array(
      repeating: Array(repeating: .blank, count: self.columns), count: self.rows)
  }

  /// Writes a text from a column on, as far as it fits.
  ///
  /// - Returns: the column behind it.
  @discardableResult
  public mutating func write(
    _ text: String, row: Int, column: Int, _ style: Style = []
  ) -> Int {
    var column = column
    guard lines.indices.contains(row), column >= 0, column < columns else { return column }
    let (end, isASCII) = (columns, isASCII)
    Glyph.forEach(in: text, isASCII: isASCII) { glyph in
      guard column + glyph.width <= end else { return false }
      separate(row: row, before: column)
      separate(row: row, before: column + glyph.width)
      lines[row][column] = Cell(text: glyph.text, style: style)
      if glyph.width == 2 { lines[row][column + 1] = Cell(text: "", style: style) }
      column += glyph.width
      return column < end
    }
    return column
  }

  /// Takes away a wide glyph of which only one half would be left.
  private mutating func separate(row: Int, before column: Int) {
    guard column > 0, column < columns, lines[row][column].text.isEmpty else { return }
    lines[row][column - 1].text = " "
    lines[row][column].text = " "
  }

  /// Gives the rest of a row a style.
  public mutating func fill(row: Int, from column: Int, _ style: Style) {
    guard lines.indices.contains(row), column < columns else { return }
    separate(row: row, before: max(0, column))
    for column in max(0, column)..<columns { lines[row][column] = Cell(text: " ", style: style) }
  }

  /// The text of a row, without the blanks at its end.
  public func text(row: Int) -> String {
    var text = lines[row].map(\.text).joined()
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }
}
