/// Text of the stream, which need not be UTF-8.
typealias Bytes = ArraySlice<UInt8>

extension Collection where Element == UInt8, SubSequence == Bytes {
  /// What follows `prefix`, or `nil` if the bytes begin otherwise.
  func dropping(_ prefix: String) -> Bytes? {
    var place = startIndex
    for byte in prefix.utf8 {
      guard place < endIndex, self[place] == byte else { return nil }
      formIndex(after: &place)
    }
    return self[place...]
  }
}

extension Collection where Element == UInt8 {
  /// Whether the bytes are this text.
  func equals(_ text: String) -> Bool { elementsEqual(text.utf8) }

  /// For messages; what is not UTF-8 is repaired.
  var text: String { String(decoding: self, as: UTF8.self) }

  /// The decimal digits in front.
  var leadingDigits: SubSequence {
    prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  /// The number that the bytes are in decimal; `nil` if they are something else, or it does not
  /// fit.
  var decimal: UInt64? {
    guard !isEmpty else { return nil }
    var value: UInt64 = 0
    for digit in self {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      let (product, tooMuch) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
      guard !tooMuch, !overflow else { return nil }
      value = sum
    }
    return value
  }
}

extension RawSpan {
  /// Less than, equal to or greater than 0, as the bytes come before, are, or come after others.
  func order(to other: RawSpan) -> Int {
    for offset in 0..<min(byteCount, other.byteCount) {
      let left = unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      let right = other.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      if left != right { return left < right ? -1 : 1 }
    }
    return byteCount - other.byteCount
  }
}

/// Bytes that are named often.
enum Byte {
  static let lineFeed = UInt8(ascii: "\n")
  static let space = UInt8(ascii: " ")
  static let slash = UInt8(ascii: "/")
  static let quote = UInt8(ascii: "\"")
  static let backslash = UInt8(ascii: "\\")
  static let colon = UInt8(ascii: ":")
  static let less = UInt8(ascii: "<")
  static let greater = UInt8(ascii: ">")
}
