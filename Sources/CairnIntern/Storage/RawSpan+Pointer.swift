extension RawSpan {
  /// The bytes as a pointer, to use only while the caller lends the span: in a function that has it
  /// as a parameter and is not inlined elsewhere.
  ///
  /// What a closure would do, in mutating functions of types that are not copyable, which closures
  /// cannot capture.
  @inline(__always)
  var lentBytes: (start: UnsafeRawPointer, count: Int) {
    let bytes = withUnsafeBytes { $0 }
    // An empty span may have no address, and nothing is read from it.
    return (bytes.baseAddress ?? GroupView.empty.base, bytes.count)
  }
}
