/// What a VT100 shows that is sent these bytes: as much of ECMA-48 as the examples use. Anything else
/// is noted.
struct TerminalScreen {
  struct Cell: Equatable {
    var text = " "
    /// The parameters of the last sequence that selected a style.
    var style = "0"
  }

  private(set) var lines: [[Cell]]
  private(set) var row = 0
  private(set) var column = 0
  private(set) var modes: Set<String> = ["?7", "?25"]
  /// Sequences and control characters that are not known here.
  private(set) var unknown: [String] = []
  private var style = "0"
  private var region: Range<Int>
  private var pending: [UInt8] = []

  /// How wide a character is taken for.
  var width: (Unicode.Scalar) -> Int = { scalar in
    switch scalar.value {
    case 0x300..<0x370: 0
    case 0x1100..<0x1160, 0x2E80..<0xD7A4, 0xFF01..<0xFF61, 0x1F300..<0x20000: 2
    default: 1
    }
  }

  init(columns: Int, rows: Int) {
    lines = Array(repeating: Array(repeating: Cell(), count: columns), count: rows)
    region = 0..<rows
  }

  var columns: Int { lines[0].count }

  /// The lines without the blanks at their ends.
  var text: [String] {
    lines.map { line in
      var text = line.map(\.text).joined()
      while text.hasSuffix(" ") { text.removeLast() }
      return text
    }
  }

  mutating func resize(columns: Int, rows: Int) {
    let (modes, unknown) = (modes, unknown)
    let width = width
    self = TerminalScreen(columns: columns, rows: rows)
    self.modes = modes
    self.unknown = unknown
    self.width = width
  }

  mutating func take(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      pending.append(byte)
      if isWhole {
        let sequence = pending
        pending = []
        interpret(sequence)
      }
    }
  }

  private var isWhole: Bool {
    guard let first = pending.first, let last = pending.last else { return false }
    if first == 0x1B {
      guard pending.count > 1 else { return false }
      return pending[1] != UInt8(ascii: "[")
        || (pending.count > 2 && (0x40...0x7E).contains(last))
    }
    let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    return pending.count >= length
  }

  private mutating func interpret(_ sequence: [UInt8]) {
    guard let text = String(validating: sequence, as: UTF8.self),
      let scalar = text.unicodeScalars.first
    else {
      unknown.append("\(sequence)")
      return
    }
    if scalar == "\u{1B}" { return control(text) }
    switch scalar {
    case "\n":
      if row == region.upperBound - 1 { scroll(1) } else { row = min(row + 1, lines.count - 1) }
    case "\r": column = 0
    default:
      if scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) {
        unknown.append("\\x\(String(scalar.value, radix: 16))")
      } else {
        put(text, width(scalar))
      }
    }
  }

  private mutating func put(_ text: String, _ width: Int) {
    if width == 0 {
      lines[row][max(0, column - 1)].text += text
      return
    }
    // Without going on to the next line, the last column is written again and again.
    let start = min(column, columns - width)
    lines[row][start] = Cell(text: text, style: style)
    if width == 2 { lines[row][start + 1] = Cell(text: "", style: style) }
    column = min(start + width, columns)
  }

  private mutating func control(_ text: String) {
    if text == "\u{1B}M" {
      if row == region.lowerBound { scroll(-1) } else { row = max(0, row - 1) }
      return
    }
    guard text.hasPrefix("\u{1B}["), let final = text.last else {
      unknown.append(text)
      return
    }
    let parameters = text.dropFirst(2).dropLast()
    let numbers = parameters.split(separator: ";").map { Int($0) ?? -1 }
    switch final {
    case "H":
      row = min(max(0, (numbers.first ?? 1) - 1), lines.count - 1)
      column = min(max(0, (numbers.dropFirst().first ?? 1) - 1), columns - 1)
    case "G": column = min(max(0, (numbers.first ?? 1) - 1), columns - 1)
    case "K" where parameters.isEmpty:
      for place in column..<max(column, columns) {
        lines[row][place] = Cell(text: " ", style: style)
      }
    case "J" where parameters == "2":
      for row in lines.indices {
        lines[row] = Array(repeating: Cell(text: " ", style: style), count: columns)
      }
    case "m": style = String(parameters)
    case "r":
      region =
        numbers.count == 2 ? max(0, numbers[0] - 1)..<min(numbers[1], lines.count) : 0..<lines.count
      (row, column) = (0, 0)
    case "h" where parameters.hasPrefix("?"): modes.insert(String(parameters))
    case "l" where parameters.hasPrefix("?"): modes.remove(String(parameters))
    default: unknown.append(text)
    }
  }

  private mutating func scroll(_ distance: Int) {
    let blank = Array(repeating: Cell(text: " ", style: style), count: columns)
    if distance > 0 {
      lines.remove(at: region.lowerBound)
      lines.insert(blank, at: region.upperBound - 1)
    } else {
      lines.remove(at: region.upperBound - 1)
      lines.insert(blank, at: region.lowerBound)
    }
  }
}
