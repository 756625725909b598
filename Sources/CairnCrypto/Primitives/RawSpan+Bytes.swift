extension RawSpan {
  /// The byte at `offset`, checked against the bounds in every build.
  subscript(offset: Int) -> UInt8 { unsafeLoad(fromByteOffset: offset, as: UInt8.self) }

  /// A copy of the bytes.
  var array: [UInt8] { withUnsafeBytes { [UInt8]($0) } }
}
