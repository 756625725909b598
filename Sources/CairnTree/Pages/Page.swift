#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Bytes in a page or in the hand of a caller, valid as long as whoever lends them says.
struct Bytes {
  let base: UnsafeRawPointer
  let count: Int

  @inline(__always)
  init(_ base: UnsafeRawPointer, _ count: Int) {
    self.base = base
    self.count = count
  }

  /// The order of the keys: bytewise, a prefix before what it is a prefix of.
  @inline(__always)
  func precedes(_ other: Bytes) -> Bool {
    let result = memcmp(base, other.base, min(count, other.count))
    return result < 0 || (result == 0 && count < other.count)
  }

  @inline(__always)
  func equals(_ other: Bytes) -> Bool {
    count == other.count && memcmp(base, other.base, count) == 0
  }

  var array: [UInt8] { Array(UnsafeRawBufferPointer(start: base, count: count)) }
}

extension RawSpan {
  /// Calls `body` with the bytes; the base of no bytes is never read.
  @inline(__always)
  func lend<Result, Failure: Error>(
    _ body: (Bytes) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBytes { (buffer) throws(Failure) in
      guard let base = buffer.baseAddress else {
        var nothing: UInt8 = 0
        return try withUnsafePointer(to: &nothing) { (pointer) throws(Failure) in
          try body(Bytes(UnsafeRawPointer(pointer), 0))
        }
      }
      return try body(Bytes(base, buffer.count))
    }
  }
}

/// A page in memory: what all kinds of pages have in common.
///
///     0   8  checksum
///     8   8  the transaction that wrote it
///     16  4  its own number
///     20  4  the tree's number
///     24  1  kind
///     25  1  level: 0 for a leaf, else one more than its children
///     26  2  the number of entries
///     28  8  the layout of the tree: key width, value width (2 bytes each, all ones: any length),
///            1 if weighted (1 byte), zeros
///     36  4  without fixed widths: where the first record begins; overflow: the next page
///     40  4  without fixed widths: bytes of records that are gone; overflow: payload bytes
///     44  4  zeros
enum PageHeader {
  static let size = 48
}

enum PageKind: UInt8 {
  case leaf = 1
  case inner = 2
  case overflow = 3
  case spaceMap = 4
}

struct Page {
  let base: UnsafeMutableRawPointer

  @inline(__always) init(_ base: UnsafeMutableRawPointer) { self.base = base }

  @inline(__always) func u16(_ offset: Int) -> Int {
    Int(UInt16(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
  }
  @inline(__always) func u32(_ offset: Int) -> UInt32 {
    UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
  @inline(__always) func u64(_ offset: Int) -> UInt64 {
    UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
  @inline(__always) func set16(_ offset: Int, _ value: Int) {
    base.storeBytes(
      of: UInt16(truncatingIfNeeded: value).littleEndian, toByteOffset: offset, as: UInt16.self)
  }
  @inline(__always) func set32(_ offset: Int, _ value: UInt32) {
    base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
  }
  @inline(__always) func set64(_ offset: Int, _ value: UInt64) {
    base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
  }

  /// Eight bytes as they are read from a page, to compare.
  @inline(__always) static func word(_ bytes: Bytes) -> UInt64 {
    UInt64(littleEndian: bytes.base.loadUnaligned(as: UInt64.self))
  }

  @inline(__always) var checksum: UInt64 { u64(0) }
  @inline(__always) var transaction: UInt64 { u64(8) }
  @inline(__always) var number: UInt32 { u32(16) }
  @inline(__always) var tree: UInt32 { u32(20) }
  @inline(__always) var kind: UInt8 { base.load(fromByteOffset: 24, as: UInt8.self) }
  @inline(__always) var level: Int { Int(base.load(fromByteOffset: 25, as: UInt8.self)) }
  @inline(__always) var layoutWord: UInt64 { u64(28) }

  @inline(__always) var count: Int {
    get { u16(26) }
    nonmutating set { set16(26, newValue) }
  }
  @inline(__always) var heapStart: Int {
    get { Int(u32(36)) }
    nonmutating set { set32(36, UInt32(newValue)) }
  }
  @inline(__always) var deadBytes: Int {
    get { Int(u32(40)) }
    nonmutating set { set32(40, UInt32(newValue)) }
  }

  func format(
    _ kind: PageKind, number: UInt32, tree: UInt32, level: Int, layoutWord: UInt64,
    transaction: UInt64, pageSize: Int
  ) {
    base.initializeMemory(as: UInt8.self, repeating: 0, count: pageSize)
    set64(8, transaction)
    set32(16, number)
    set32(20, tree)
    base.storeBytes(of: kind.rawValue, toByteOffset: 24, as: UInt8.self)
    base.storeBytes(of: UInt8(level), toByteOffset: 25, as: UInt8.self)
    set64(28, layoutWord)
    heapStart = pageSize
  }

  /// Makes a copy of a page another page: its own number and transaction.
  func rename(_ number: UInt32, _ transaction: UInt64) {
    set32(16, number)
    set64(8, transaction)
  }
}
