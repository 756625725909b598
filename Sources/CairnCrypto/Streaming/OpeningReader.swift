public import CairnCore

/// Opens an age file that it reads from another reader, armored or not.
///
/// What it hands out has been authenticated, segment by segment: each byte is what the sealer wrote
/// at this place. Only the end of the stream (a read that gives 0) says that the file is whole. A
/// caller that must not act on a part of a file waits for that.
///
/// Memory: some 400 KiB, and 256 KiB more for an armor, whatever the length. Errors are sticky:
/// after one, every call throws the same.
public struct OpeningReader<Input: ByteReader>: ~Copyable {
  private var input: InputBuffer<Input>
  private var cipher: SegmentCipher
  private var nextIndex: UInt64 = 0
  /// What was opened and did not fit into the caller's buffer, from `handedOut` on.
  private var opened: ByteBuffer
  private var handedOut = 0
  private var isAtEnd = false
  private var failure: CryptoError?

  /// Reads and opens the header.
  ///
  /// - Parameters:
  ///   - input: The file from its first byte on. It is read to its end.
  ///   - identities: Tried in order.
  ///   - limits: How much of a header to accept.
  /// - Throws: ``CryptoError/Code/header`` or ``CryptoError/Code/limit`` if the header is damaged
  ///   or too long; ``CryptoError/Code/armor`` if an armor is damaged so far; what
  ///   ``Header/unwrap(with:)`` throws; ``CryptoError/Code/io`` if `input` fails.
  public init(
    _ input: consuming Input, identities: [any Identity], limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) {
    var buffer = InputBuffer(input, capacity: Self.bufferSize)
    let header = try buffer.readHeader(limits: limits)
    try self.init(buffer, header: header, identities: identities)
  }

  /// Begins to open a payload whose header is kept elsewhere, see
  /// ``Age/detachHeader(from:payloadTo:limits:)-(ByteReader,_,_)``.
  ///
  /// - Parameters:
  ///   - input: The payload from its nonce on, not armored. It is read to its end.
  ///   - header: The header of the file.
  ///   - identities: Tried in order; an ``InjectedFileKey``, say.
  /// - Throws: ``CryptoError/Code/header`` if the payload ends within its nonce; what
  ///   ``Header/unwrap(with:)`` throws; ``CryptoError/Code/io`` if `input` fails.
  public init(
    payload input: consuming Input, header: Header, identities: [any Identity]
  ) throws(CryptoError) {
    // A nonce is random: nothing in it can say that there is an armor.
    let buffer = InputBuffer(input, capacity: Self.bufferSize, mayBeArmored: false)
    try self.init(buffer, header: header, identities: identities)
  }

  private init(
    _ buffer: consuming InputBuffer<Input>, header: Header, identities: [any Identity]
  ) throws(CryptoError) {
    var buffer = buffer
    let key = try buffer.readPayloadKey(of: header, identities: identities)
    try self.init(buffer, key: key)
  }

  /// Opens the segments that a buffer holds and reads.
  init(_ buffer: consuming InputBuffer<Input>, key: PayloadKey) throws(CryptoError) {
    cipher = try SegmentCipher(key)
    input = buffer
    opened = ByteBuffer(capacity: Segment.plainSize)
  }

  static var bufferSize: Int { segmentsPerPiece * Segment.sealedSize + 1 }

  /// Appends plaintext to `buffer` and returns how many bytes, or returns 0 at the end of a file
  /// that was whole.
  ///
  /// Reads fastest where `buffer` has room for `Segment.plainSize` bytes or more.
  ///
  /// - Parameter buffer: Has free capacity for at least one byte.
  /// - Throws: ``CryptoError/Code/payload``, ``CryptoError/Code/truncated`` or
  ///   ``CryptoError/Code/armor`` if the file is damaged from here on; ``CryptoError/Code/io`` if
  ///   the input fails.
  public mutating func read(into buffer: inout OutputRawSpan) throws(CryptoError) -> Int {
    precondition(buffer.freeCapacity > 0, "no room to read into")
    while true {
      if handedOut < opened.count { return handOut(into: &buffer) }
      if let failure { throw failure }
      if isAtEnd { return 0 }
      do throws(CryptoError) {
        if buffer.freeCapacity >= Segment.plainSize {
          let count = try buffer.append { (free) throws(CryptoError) in try openNext(into: free) }
          if count > 0 { return count }
        } else {
          opened.removeAll()
          handedOut = 0
          opened.count = try openNext(into: opened.free)
        }
      } catch {
        failure = error
        throw error
      }
    }
  }

  private mutating func handOut(into buffer: inout OutputRawSpan) -> Int {
    let from = handedOut
    let count = buffer.append { free in
      let rest = opened.bytes[from...].prefix(free.count)
      free.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest))
      return rest.count
    }
    handedOut += count
    return count
  }

  /// Opens the next segment, and returns how many bytes of plaintext it held.
  private mutating func openNext(
    into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) -> Int {
    // One byte more than a segment tells whether this is the last.
    try input.fill(to: Segment.sealedSize + 1)
    let segment = UnsafeRawBufferPointer(rebasing: input.bytes.prefix(Segment.sealedSize))
    let isLast = input.count <= Segment.sealedSize
    failure = try cipher.openSound(segment, index: nextIndex, isLast: isLast, into: out)
    isAtEnd = isLast
    input.consume(segment.count)
    nextIndex += 1
    return segment.count - Segment.tagSize
  }
}
