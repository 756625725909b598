/// How dates in the stream are written.
enum DateFormat: String, Sendable {
  case raw
  case rawPermissive = "raw-permissive"
  case rfc2822
  case now
}

/// Reads who did something, and when, into the form that objects of git have.
enum Identity {
  /// - Parameter text: "Name <mail> date"; the name, with the space behind it, may be missing.
  /// - Returns: the same with the date as seconds and an offset.
  static func parse(_ text: Bytes, _ format: DateFormat) throws -> [UInt8] {
    guard !text.contains(0) else { throw ImportError("NUL in ident string: \(text.text)") }
    // Without a name git takes the space in front of the bracket into the identity.
    let whole = text.first == Byte.less ? [Byte.space] + text : Array(text)
    guard let less = whole.firstIndex(where: { $0 == Byte.less || $0 == Byte.greater }),
      whole[less] == Byte.less
    else { throw ImportError("Missing < in ident string: \(text.text)") }
    guard less == 0 || whole[less - 1] == Byte.space else {
      throw ImportError("Missing space before < in ident string: \(text.text)")
    }
    let behind = whole[(less + 1)...]
    guard let greater = behind.firstIndex(where: { $0 == Byte.less || $0 == Byte.greater }),
      whole[greater] == Byte.greater
    else { throw ImportError("Missing > in ident string: \(text.text)") }
    guard greater + 1 < whole.count, whole[greater + 1] == Byte.space else {
      throw ImportError("Missing space after > in ident string: \(text.text)")
    }
    let date = whole[(greater + 2)...]
    return whole[...(greater + 1)] + (try self.date(date, format, in: text))
  }

  private static func date(
    _ date: Bytes, _ format: DateFormat, in text: Bytes
  ) throws -> [UInt8] {
    switch format {
    case .raw, .rawPermissive:
      guard isRaw(date, isStrict: format == .raw) else {
        throw ImportError("Invalid raw date \"\(date.text)\" in ident: \(text.text)")
      }
      return Array(date)
    case .rfc2822:
      guard let parsed = MailDate(date) else {
        throw ImportError("Invalid rfc2822 date \"\(date.text)\" in ident: \(text.text)")
      }
      return Array(parsed.raw.utf8)
    case .now:
      guard date.equals("now") else {
        throw ImportError("Date in ident must be 'now': \(text.text)")
      }
      return Array(MailDate.now().raw.utf8)
    }
  }

  /// Seconds, a space, a sign and an offset of hours and minutes, no more than 14 hours if
  /// `isStrict`. Git lets a number have spaces and a sign in front.
  private static func isRaw(_ date: Bytes, isStrict: Bool) -> Bool {
    guard let (_, _, rest) = number(date), rest.first == Byte.space else { return false }
    let zone = rest.dropFirst()
    guard let sign = zone.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
      let (offset, isNegative, end) = number(zone.dropFirst()), end.isEmpty
    else { return false }
    return !isStrict || offset == 0 || (offset <= 1400 && !isNegative)
  }

  private static func number(
    _ text: Bytes
  ) -> (magnitude: UInt64, isNegative: Bool, rest: Bytes)? {
    var digits = text.drop { $0 == Byte.space || $0 == 9 }
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
    let rest = digits.drop { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard let magnitude = digits[..<rest.startIndex].decimal else { return nil }
    return (magnitude, isNegative, rest)
  }
}
