import CairnCore

/// Collects records until they are written as a frame.
final class FrameBuilder {
  private var base: UnsafeMutableRawPointer
  private var capacity: Int
  private var count = Frame.headerByteCount
  private(set) var firstID: UInt32 = 0
  private var baseTime: Int64 = 0
  private var time: Int64 = 0
  private(set) var entryCount: UInt32 = 0
  private(set) var recordCount: UInt32 = 0

  /// The most bytes that a record has beside its body and its fields.
  private static let largestRecordHead = 1 + 10 + 5 + 5 + 5 + 5

  init() {
    capacity = Frame.usualByteCount + 4096
    base = .allocate(byteCount: capacity, alignment: 64)
  }

  deinit { base.deallocate() }

  var isEmpty: Bool { recordCount == 0 }
  var isFull: Bool { count >= Frame.usualByteCount }

  /// Makes room for a record with so many bytes of body and fields.
  @inline(__always)
  private func begin(_ byteCount: Int, nextID: UInt32, _ time: Int64) {
    let needed = count + byteCount + Self.largestRecordHead + Frame.alignment
    if needed > capacity { grow(to: needed) }
    if recordCount == 0 {
      firstID = nextID
      baseTime = time
      self.time = time
    }
    recordCount += 1
  }

  private func grow(to needed: Int) {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: needed, alignment: 64)
    larger.copyMemory(from: base, byteCount: count)
    base.deallocate()
    (base, capacity) = (larger, needed)
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

  /// Lends the frame, whole, and then begins the next.
  func finish<Result>(
    at offset: Int64, _ header: LogHeader, _ write: (RawSpan) throws(LogError) -> Result
  ) throws(LogError) -> Result {
    let recordBytes = count - Frame.headerByteCount
    while count % Frame.alignment != 0 { put(0) }
    base.storeBytes(of: Frame.magic.littleEndian, toByteOffset: 8, as: UInt32.self)
    base.storeBytes(of: UInt32(count).littleEndian, toByteOffset: 12, as: UInt32.self)
    base.storeBytes(of: firstID.littleEndian, toByteOffset: 16, as: UInt32.self)
    base.storeBytes(of: entryCount.littleEndian, toByteOffset: 20, as: UInt32.self)
    base.storeBytes(of: baseTime.littleEndian, toByteOffset: 24, as: Int64.self)
    base.storeBytes(of: UInt32(recordBytes).littleEndian, toByteOffset: 32, as: UInt32.self)
    base.storeBytes(of: recordCount.littleEndian, toByteOffset: 36, as: UInt32.self)
    base.storeBytes(of: 0, toByteOffset: 40, as: UInt64.self)
    let checksum = BlockChecksum.of(base, count, seed: header.seed(at: offset))
    base.storeBytes(of: checksum.littleEndian, toByteOffset: 0, as: UInt64.self)
    defer {
      count = Frame.headerByteCount
      entryCount = 0
      recordCount = 0
    }
    return try write(RawSpan(_unsafeStart: base, byteCount: count))
  }
}
