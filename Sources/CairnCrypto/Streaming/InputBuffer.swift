internal import CairnCore

/// Bytes read ahead from a reader, so that a format can look before it takes.
struct InputBuffer<Input: ByteReader>: ~Copyable {
  private var input: Input
  private var memory: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0

  /// Whether the input has ended; what was read before may still be here.
  private(set) var isAtEnd = false

  /// Makes an empty buffer that reads up to `capacity` bytes at a time.
  init(_ input: consuming Input, capacity: Int) {
    self.input = input
    memory = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { memory.deallocate() }

  /// How many bytes are here.
  var count: Int { end - start }

  /// The bytes that are here; valid until the next call that changes the buffer.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[start..<end]) }

  /// Takes the first `count` bytes away.
  mutating func consume(_ count: Int) {
    precondition(count <= self.count, "more taken than there is")
    start += count
  }

  /// Reads until `count` bytes are here or the input ends.
  mutating func fill(to count: Int) throws(CryptoError) {
    while self.count < count, !isAtEnd { try readMore(room: count) }
  }

  /// Reads once, whatever comes, with room for `room` bytes in all.
  mutating func readMore(room: Int) throws(CryptoError) {
    makeRoom(for: max(room, count + 1))
    var free = OutputRawSpan(
      buffer: UnsafeMutableRawBufferPointer(rebasing: memory[end...]), initializedCount: 0)
    do throws(IOError) {
      let count = try input.read(into: &free)
      end += count
      isAtEnd = count == 0
    } catch {
      throw .io(error)
    }
  }

  /// Sees to it that `room` bytes fit from ``start`` on, and that there is space after ``end``.
  private mutating func makeRoom(for room: Int) {
    if start + room <= memory.count { return }
    let target =
      room <= memory.count
      ? memory : .allocate(byteCount: max(room, 2 * memory.count), alignment: 16)
    target.copyMemory(from: bytes)
    if target.baseAddress != memory.baseAddress {
      memory.deallocate()
      memory = target
    }
    end -= start
    start = 0
  }
}
