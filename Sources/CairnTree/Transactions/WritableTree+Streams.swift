public import CairnCore

extension WritableTree {
  /// Stores an entry whose value is read from a stream, in the place of the one with that key if there
  /// is one. Of a long value no more than two pages are held at a time.
  ///
  /// The reader may be one of this tree, too.
  ///
  /// - Parameters:
  ///   - byteCount: how many bytes to read; `nil` reads to the end.
  ///   - weight: 0 in a tree without weights.
  /// - Returns: whether the key was there.
  /// - Throws: ``TreeError``: `.source` if the reader fails or ends before `byteCount` bytes, `.invalid`
  ///   as ``put(_:_:weight:)`` does; nothing is stored then and the transaction goes on.
  @discardableResult
  public func put<Reader: ByteReader>(
    _ key: RawSpan, from reader: inout Reader, byteCount: Int64? = nil, weight: UInt64 = 0
  ) throws(TreeError) -> Bool {
    guard byteCount ?? 0 >= 0 else { throw .invalid("a value cannot have \(byteCount ?? 0) bytes") }
    var source = ValueSource(reader, byteCount: byteCount)
    defer { reader = source.reader }
    return try change { () throws(TreeError) in
      try key.lend { (key) throws(TreeError) in
        try writer.put(key, from: &source, weight: weight)
      }
    }
  }
}

extension TypedTree where Base == WritableTree, Value == [UInt8] {
  /// Stores an entry whose value is read from a stream, see
  /// ``WritableTree/put(_:from:byteCount:weight:)``.
  @inlinable
  @discardableResult
  public func put<Reader: ByteReader>(
    _ key: Key, from reader: inout Reader, byteCount: Int64? = nil, weight: UInt64 = 0
  ) throws(TreeError) -> Bool {
    try key.withEncoded { (key) throws(TreeError) in
      try base.put(key, from: &reader, byteCount: byteCount, weight: weight)
    }
  }
}
