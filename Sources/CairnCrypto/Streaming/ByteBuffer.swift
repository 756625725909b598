internal import CairnCore

/// Memory that is filled from the front.
struct ByteBuffer: ~Copyable {
  private var memory: UnsafeMutableRawBufferPointer

  /// How many bytes are filled.
  var count = 0

  init(capacity: Int) { memory = .allocate(byteCount: capacity, alignment: 16) }

  deinit { memory.deallocate() }

  var isEmpty: Bool { count == 0 }
  var isFull: Bool { count == memory.count }

  /// What is filled; valid until the buffer changes.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

  /// What is not filled yet; who writes there adds to ``count``.
  var free: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: memory[count...])
  }

  mutating func removeAll() { count = 0 }

  /// Doubles the capacity.
  mutating func grow() {
    let larger = UnsafeMutableRawBufferPointer.allocate(
      byteCount: 2 * memory.count, alignment: 16)
    larger.copyMemory(from: bytes)
    memory.deallocate()
    memory = larger
  }

  /// Moves what is behind the first `count` bytes to the front.
  mutating func removeFirst(_ count: Int) {
    memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[count...]))
    self.count -= count
  }

  /// Copies as much of `bytes` as fits, and returns how much.
  mutating func append(_ bytes: UnsafeRawBufferPointer) -> Int {
    let added = min(bytes.count, free.count)
    free.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<added]))
    count += added
    return added
  }
}

extension ByteBuffer {
  /// Appends what one read gives; false at the end of the input.
  mutating func fillOnce(from input: inout some ByteReader) throws(CryptoError) -> Bool {
    var span = OutputRawSpan(buffer: free, initializedCount: 0)
    do throws(IOError) {
      let added = try input.read(into: &span)
      count += added
      return added > 0
    } catch {
      throw .io(error)
    }
  }
}
