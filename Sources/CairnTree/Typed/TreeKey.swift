/// What can be a key of a ``TypedTree``: the bytewise order of the encodings is the order of the
/// keys, and equal keys have equal encodings, of at most 1024 bytes.
///
/// A type of a host's own conforms with the three requirements of ``TreeValue``; those below, by
/// which keys become parts of a ``TreePair``, have implementations that fit every encoding.
public protocol TreeKey: TreeValue {
  /// Appends this key as a part of a longer one: such that no part is a prefix of another, and the
  /// order of the parts is that of the keys.
  func appendPart(to bytes: inout [UInt8])

  /// Takes a part from `bytes`, beginning at `offset`, which is then behind it.
  ///
  /// - Returns: `nil` if there is none.
  init?(part bytes: RawSpan, at offset: inout Int)
}

// Encodings of one width are parts as they are. In others each byte 0 becomes 0 and 255, and behind
// the last one 0 and 0 are put: these come before all that a longer key can have there.
extension TreeKey {
  @inlinable
  public func appendPart(to bytes: inout [UInt8]) {
    withEncoded { content in
      content.withUnsafeBytes { content in
        guard Self.encodedWidth == nil else { return bytes.append(contentsOf: content) }
        for byte in content {
          bytes.append(byte)
          if byte == 0 { bytes.append(255) }
        }
        bytes.append(0)
        bytes.append(0)
      }
    }
  }

  @inlinable
  public init?(part bytes: RawSpan, at offset: inout Int) {
    let start = offset
    if let width = Self.encodedWidth {
      guard bytes.byteCount - start >= width else { return nil }
      offset = start + width
      self.init(encoded: bytes.extracting(start..<start + width))
      return
    }
    var content: [UInt8] = []
    while true {
      guard offset < bytes.byteCount else { return nil }
      let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      offset += 1
      if byte == 0 {
        guard offset < bytes.byteCount else { return nil }
        let mark = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        offset += 1
        if mark == 0 { break }
        guard mark == 255 else { return nil }
      }
      content.append(byte)
    }
    self.init(encoded: content.span.bytes)
  }
}

extension Optional: TreeKey where Wrapped: TreeKey {
  @inlinable
  public func appendPart(to bytes: inout [UInt8]) {
    guard let wrapped = self else {
      bytes.append(contentsOf: repeatElement(0, count: Self.encodedWidth ?? 1))
      return
    }
    bytes.append(1)
    wrapped.appendPart(to: &bytes)
  }

  @inlinable
  public init?(part bytes: RawSpan, at offset: inout Int) {
    guard offset < bytes.byteCount else { return nil }
    let mark = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    if mark == 0 {
      let width = Self.encodedWidth ?? 1
      guard bytes.byteCount - offset >= width else { return nil }
      offset += width
      self = .none
    } else {
      offset += 1
      guard mark == 1, let wrapped = Wrapped(part: bytes, at: &offset) else { return nil }
      self = .some(wrapped)
    }
  }
}
