/// The name under which a file is written before it gets its own: ".cairn-" and 16 hex digits.
struct TemporaryName {
  let number: UInt64

  /// Calls `body` with the name as a C string.
  func withCString<Result, Failure>(
    _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let prefix: StaticString = ".cairn-"
    var buffer = InlineArray<24, CChar>(repeating: 0)
    for index in 0..<prefix.utf8CodeUnitCount {
      buffer[index] = CChar(bitPattern: prefix.utf8Start[index])
    }
    for digit in 0..<16 {
      let value = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * digit)) & 0xF
      let character = value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
      buffer[prefix.utf8CodeUnitCount + digit] = CChar(bitPattern: character)
    }
    return try withUnsafePointer(to: buffer) { pointer throws(Failure) in
      try body(UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
    }
  }
}
