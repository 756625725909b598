/// What a terminal shows in one or two columns, and what cannot command it: no control character, and
/// nothing that changes the order in which others are read.
public struct Glyph: Sendable, Hashable {
  public var text: String
  /// 1, or 2 for what East Asian writing and pictures take.
  public var width: Int

  /// Calls `body` with the glyphs of a text, in order, until it returns false.
  ///
  /// What is not shown as it is, is spelled out: `\n`, `\x1b`, `\u{202e}`. Marks that are put on the
  /// character before them stay with it, as far as there are few.
  ///
  /// - Parameter isASCII: Whether everything else than ASCII is spelled out: a terminal that is not
  ///   set to UTF-8 may take some of its bytes for control characters.
  public static func forEach(in text: String, isASCII: Bool, _ body: (Glyph) -> Bool) {
    var glyph: Glyph?
    var marks = 0
    scalars: for scalar in text.unicodeScalars {
      switch Kind(scalar, isASCII) {
      case .shown(let width):
        if let glyph, !body(glyph) { return }
        glyph = Glyph(text: String(scalar), width: width)
        marks = 0
      case .mark:
        marks += 1
        guard marks <= mostMarks else {
          // As many as a text may have must not be gone through for nothing.
          if marks > mostPassedOver { break scalars }
          continue
        }
        if glyph == nil { glyph = Glyph(text: " ", width: 1) }
        glyph?.text.unicodeScalars.append(scalar)
      case .spelledOut:
        if let glyph, !body(glyph) { return }
        glyph = nil
        for character in spelled(scalar).unicodeScalars {
          guard body(Glyph(text: String(character), width: 1)) else { return }
        }
      }
    }
    if let glyph { _ = body(glyph) }
  }

  /// Marks on a character that are shown, and that are passed over before the text counts as ended.
  private static let mostMarks = 4
  private static let mostPassedOver = 1000

  private enum Kind {
    case shown(Int)
    case mark
    case spelledOut

    init(_ scalar: Unicode.Scalar, _ isASCII: Bool) {
      if scalar.isASCII {
        self = (0x20..<0x7F).contains(scalar.value) ? .shown(1) : .spelledOut
        return
      }
      if isASCII {
        self = .spelledOut
        return
      }
      switch scalar.properties.generalCategory {
      case .nonspacingMark, .enclosingMark: self = .mark
      case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
        .paragraphSeparator:
        self = .spelledOut
      default: self = .shown(Glyph.isWide(scalar.value) ? 2 : 1)
      }
    }
  }

  private static func spelled(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": return "\\n"
    case "\r": return "\\r"
    case "\t": return "\\t"
    default:
      let digits = String(scalar.value, radix: 16)
      guard scalar.value < 0x100 else { return "\\u{\(digits)}" }
      return digits.utf8.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
    }
  }

  /// The blocks of Unicode Standard Annex 11 that are wide, as a whole.
  private static func isWide(_ value: UInt32) -> Bool {
    guard value >= 0x1100 else { return false }
    switch value {
    case 0x1100...0x115F, 0x231A...0x231B, 0x23E9...0x23EC, 0x2E80...0x303E, 0x3041...0xA4CF,
      0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60,
      0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x1AFF0...0x1B2FF, 0x1F004, 0x1F0CF, 0x1F18E,
      0x1F191...0x1F19A, 0x1F200...0x1F320, 0x1F32D...0x1F64F, 0x1F680...0x1F6FC,
      0x1F7E0...0x1F7EB, 0x1F90C...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
      return true
    default: return false
    }
  }
}
