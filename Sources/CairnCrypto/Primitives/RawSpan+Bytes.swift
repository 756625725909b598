extension RawSpan {
  /// The byte at `offset`, checked against the bounds in every build.
  subscript(offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

  /// Whether the bytes begin with those of `text`.
  func starts(with text: StaticString) -> Bool {
    byteCount >= text.utf8CodeUnitCount
      && (0..<text.utf8CodeUnitCount).allSatisfy { self[$0] == text.utf8Start[$0] }
  }

  /// A copy of the bytes.
  var array: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}
