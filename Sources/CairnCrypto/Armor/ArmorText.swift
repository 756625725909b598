internal import CairnCore

/// Text of an armor that was read ahead, and how far it has been decoded.
struct ArmorText: ~Copyable {
  private var decoder = ArmorDecoder()
  private var text: ByteBuffer
  private var taken = 0
  /// A line that was decoded for somebody with less room, from `handedOut` on.
  private var line = ByteBuffer(capacity: Base64Line.byteCount)
  private var handedOut = 0
  private var inputIsAtEnd: Bool

  /// How many characters have been read, from the first on.
  private(set) var readCount: Int64

  /// - Parameters:
  ///   - start: What has been read already.
  ///   - isAtEnd: Whether that was all.
  init(start: UnsafeRawBufferPointer, isAtEnd: Bool) {
    inputIsAtEnd = isAtEnd
    text = ByteBuffer(capacity: max(64 << 10, start.count))
    _ = text.append(start)
    readCount = Int64(start.count)
  }

  /// Decodes some bytes, and returns how many; 0 only at the end of the armor and of the input.
  ///
  /// - Parameter out: Has room for at least one byte.
  mutating func read(
    from input: inout some ByteReader, into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) -> Int {
    precondition(!out.isEmpty, "no room to read into")
    while true {
      if handedOut < line.count { return handOut(into: out) }
      if decoder.isAtEnd { return 0 }
      let hasRoom = out.count >= Base64Line.byteCount
      if !hasRoom {
        line.removeAll()
        handedOut = 0
      }
      let rest = UnsafeRawBufferPointer(rebasing: text.bytes[taken...])
      let step = try decoder.decode(
        rest, isAtEnd: inputIsAtEnd, into: hasRoom ? out : line.free)
      taken += step.taken
      if !hasRoom {
        line.count = step.given
      } else if step.given > 0 {
        return step.given
      }
      if step.taken == 0, step.given == 0, !decoder.isAtEnd { try readMore(from: &input) }
    }
  }

  private mutating func handOut(into out: UnsafeMutableRawBufferPointer) -> Int {
    let rest = line.bytes[handedOut...].prefix(out.count)
    out.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest))
    handedOut += rest.count
    return rest.count
  }

  /// Moves what is left, less than a line or some white space, to the front, and reads once.
  private mutating func readMore(from input: inout some ByteReader) throws(CryptoError) {
    text.removeFirst(taken)
    taken = 0
    let count = text.count
    inputIsAtEnd = try !text.fillOnce(from: &input)
    readCount += Int64(text.count - count)
  }
}
