#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Memory of a fixed capacity, filled from the front: what hot loops work in.
///
/// Large buffers are mapped, not allocated: an allocator would keep them, in an arena for each
/// thread that had one, and a promise of peak memory would depend on its moods.
///
/// One owner at a time: handed from thread to thread, never shared.
package final class ByteBuffer: @unchecked Sendable {
  // Sendable: whoever holds the buffer hands it on through a queue (`ThreadPool`, `Monitor`), whose
  // lock orders the accesses, and does not use it afterwards. Stated at each place that does so.
  package let base: UnsafeMutableRawPointer
  package let capacity: Int
  package var count = 0

  package init(capacity: Int) {
    self.capacity = capacity
    guard capacity >= Self.mappedSize else {
      base = .allocate(byteCount: capacity, alignment: 64)
      return
    }
    let memory = mmap(
      nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | Self.anonymous, -1, 0)
    guard let memory, memory != MAP_FAILED else {
      fatalError("no memory for a buffer of \(capacity) bytes")
    }
    base = memory
  }

  deinit {
    if capacity >= Self.mappedSize {
      munmap(base, capacity)
    } else {
      base.deallocate()
    }
  }

  /// From this capacity on, the memory begins at a page.
  package static let mappedSize = 64 << 10

  #if canImport(Darwin)
    private static let anonymous = MAP_ANON
  #else
    private static let anonymous = CInt(MAP_ANONYMOUS)
  #endif

  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base, count: count)
  }

  /// The part behind the content.
  package var free: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
  }

  package var isEmpty: Bool { count == 0 }

  package func removeAll() { count = 0 }

  /// - Precondition: there is room.
  package func append(_ content: UnsafeRawBufferPointer) {
    precondition(content.count <= capacity - count)
    guard let source = content.baseAddress else { return }
    (base + count).copyMemory(from: source, byteCount: content.count)
    count += content.count
  }

  /// - Precondition: there is room.
  package func append(_ byte: UInt8) {
    precondition(count < capacity)
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count += 1
  }

  /// Appends an unsigned LEB128 number.
  package func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Moves the bytes from `offset` on to the front.
  package func removeFirst(_ offset: Int) {
    precondition(offset <= count)
    count -= offset
    base.copyMemory(from: base + offset, byteCount: count)
  }
}
