/// How a glyph is shown.
public struct Style: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let reverse = Style(rawValue: 1)
  public static let bold = Style(rawValue: 2)
  public static let faint = Style(rawValue: 4)
  public static let red = Style(rawValue: 8)
  public static let yellow = Style(rawValue: 16)

  /// The sequence that selects it, whatever was selected before (ECMA-48, SGR).
  var sequence: String {
    var numbers = "0"
    for (style, number) in [
      (Style.reverse, 7), (.bold, 1), (.faint, 2), (.red, 31), (.yellow, 33),
    ] where contains(style) {
      numbers += ";\(number)"
    }
    return "\u{1B}[\(numbers)m"
  }
}
