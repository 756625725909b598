/// Appends little-endian integers, varints and byte strings to a growing buffer.
public struct BinaryWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public init(reserving capacity: Int) {
    bytes.reserveCapacity(capacity)
  }

  public var count: Int { bytes.count }

  /// Forgets what was written and keeps the memory.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
  }

  public mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Appends an unsigned LEB128 number: seven bits a byte, the lowest first, 1 to 10 bytes.
  public mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  public mutating func append(varint value: Int) {
    append(varint: UInt64(value))
  }

  public mutating func append(_ content: some Sequence<UInt8>) {
    bytes.append(contentsOf: content)
  }

  public mutating func append(_ content: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: content)
  }

  public mutating func append(_ content: RawSpan) {
    content.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  /// Appends a varint length and then the bytes.
  public mutating func append(counted content: some Collection<UInt8>) {
    append(varint: content.count)
    bytes.append(contentsOf: content)
  }
}
