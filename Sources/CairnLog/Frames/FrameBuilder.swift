import CairnCore

/// Collects records in frames, and frames in a block until it is written.
///
/// Accesses are not checked at run time for overlaps: none calls anything that comes back here.
final class FrameBuilder {
  @exclusivity(unchecked) private var block = FrameBlock()
  @exclusivity(unchecked) private var base: UnsafeMutableRawPointer
  /// The bytes of the frames in the block that are whole.
  @exclusivity(unchecked) private(set) var blockByteCount = 0
  @exclusivity(unchecked) private var count = Frame.headerByteCount
  @exclusivity(unchecked) private(set) var firstID: UInt32 = 0
  @exclusivity(unchecked) private var baseTime: Int64 = 0
  @exclusivity(unchecked) private var time: Int64 = 0
  @exclusivity(unchecked) private(set) var entryCount: UInt32 = 0
  @exclusivity(unchecked) private(set) var recordCount: UInt32 = 0

  /// The most bytes that a record has beside its body and its fields.
  private static let largestRecordHead = 1 + 10 + 5 + 5 + 5 + 5

  init() {
    base = block.base
  }

  var isEmpty: Bool { recordCount == 0 }
  var isFull: Bool { count - blockByteCount >= Frame.usualByteCount }
  var isBlockFull: Bool { blockByteCount >= FrameBlock.usualByteCount }

  /// Makes room for a record with so many bytes of body and fields.
  @inline(__always)
  private func begin(_ byteCount: Int, nextID: UInt32, _ time: Int64) {
    let needed = count + byteCount + Self.largestRecordHead + Frame.alignment
    if needed > block.capacity { grow(to: needed) }
    if recordCount == 0 {
      firstID = nextID
      baseTime = time
      self.time = time
    }
    recordCount += 1
  }

  @inline(never)
  private func grow(to needed: Int) {
    let larger = FrameBlock(capacity: needed)
    larger.base.copyMemory(from: base, byteCount: count)
    block = larger
    base = larger.base
  }

  @inline(__always)
  private func put(_ byte: UInt8) {
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  @inline(__always)
  private func put(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      put(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    put(UInt8(truncatingIfNeeded: rest))
  }

  @inline(__always)
  private func put(counted bytes: UnsafeRawBufferPointer) {
    put(varint: UInt64(bytes.count))
    if let start = bytes.baseAddress {
      (base + count).copyMemory(from: start, byteCount: bytes.count)
      count += bytes.count
    }
  }

  @inline(__always)
  private func put(time newTime: Int64) {
    let difference = newTime &- time
    time = newTime
    put(varint: UInt64(bitPattern: difference << 1 ^ difference >> 63))
  }

  /// - Parameter fields: empty for none.
  @inline(__always)
  func appendEntry(
    id: UInt32, parent: NodeKey, ordinal: UInt32, isOpening: Bool, _ severity: Severity,
    _ newTime: Int64, _ body: UnsafeRawBufferPointer, isBytes: Bool,
    fields: UnsafeRawBufferPointer
  ) {
    begin(body.count + fields.count, nextID: id, newTime)
    entryCount += 1
    let kind: RecordKind = isOpening ? .opening : .entry
    put(
      kind.rawValue | severity.rawValue << 3 | (fields.isEmpty ? 0 : 64) | (isBytes ? 128 : 0))
    put(time: newTime)
    put(varint: parent == .root ? 0 : UInt64(id - parent.id))
    put(varint: UInt64(ordinal))
    put(counted: body)
    if !fields.isEmpty { put(counted: fields) }
  }

  func appendText(id: UInt32, nextID: UInt32, _ newTime: Int64, _ body: UnsafeRawBufferPointer) {
    begin(body.count, nextID: nextID, newTime)
    put(RecordKind.text.rawValue)
    put(time: newTime)
    put(varint: UInt64(nextID - id))
    put(counted: body)
  }

  func appendClosing(
    id: UInt32, nextID: UInt32, _ severity: Severity, _ newTime: Int64,
    _ text: UnsafeRawBufferPointer?
  ) {
    begin(text?.count ?? 0, nextID: nextID, newTime)
    put(RecordKind.closing.rawValue | severity.rawValue << 3 | (text == nil ? 0 : 64))
    put(time: newTime)
    put(varint: UInt64(nextID - id))
    if let text { put(counted: text) }
  }

  func appendName(_ name: UnsafeRawBufferPointer, nextID: UInt32) {
    begin(name.count, nextID: nextID, time)
    put(RecordKind.name.rawValue)
    put(counted: name)
  }

  /// Ends the frame, which is to be at `offset`, and begins the next.
  ///
  /// - Returns: its number of bytes.
  func finish(at offset: Int64, _ header: LogHeader) -> Int {
    let frame = base + blockByteCount
    let recordBytes = count - blockByteCount - Frame.headerByteCount
    // Blocks hold whole frames, so their ends are aligned as those of frames are.
    while count % Frame.alignment != 0 { put(0) }
    let byteCount = count - blockByteCount
    frame.storeBytes(of: Frame.magic.littleEndian, toByteOffset: 8, as: UInt32.self)
    frame.storeBytes(of: UInt32(byteCount).littleEndian, toByteOffset: 12, as: UInt32.self)
    frame.storeBytes(of: firstID.littleEndian, toByteOffset: 16, as: UInt32.self)
    frame.storeBytes(of: entryCount.littleEndian, toByteOffset: 20, as: UInt32.self)
    frame.storeBytes(of: baseTime.littleEndian, toByteOffset: 24, as: Int64.self)
    frame.storeBytes(of: UInt32(recordBytes).littleEndian, toByteOffset: 32, as: UInt32.self)
    frame.storeBytes(of: recordCount.littleEndian, toByteOffset: 36, as: UInt32.self)
    frame.storeBytes(of: 0, toByteOffset: 40, as: UInt64.self)
    let checksum = BlockChecksum.of(frame, byteCount, seed: header.seed(at: offset))
    frame.storeBytes(of: checksum.littleEndian, toByteOffset: 0, as: UInt64.self)
    blockByteCount = count
    entryCount = 0
    recordCount = 0
    count += Frame.headerByteCount
    if count > block.capacity { grow(to: count) }
    return byteCount
  }

  /// Hands over the frames that are whole, and goes on in another block.
  ///
  /// - Precondition: no frame is begun.
  func exchangeBlock(
    _ body: (FrameBlock, _ byteCount: Int) throws(LogError) -> FrameBlock
  ) throws(LogError) {
    precondition(isEmpty)
    block = try body(block, blockByteCount)
    base = block.base
    blockByteCount = 0
    count = Frame.headerByteCount
  }
}
