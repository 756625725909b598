/// Memory in which frames are built one behind the other, to be written at once.
final class FrameBlock {
  let base: UnsafeMutableRawPointer
  let capacity: Int

  /// A block of so many bytes is written. Larger ones make appending no faster, smaller ones cost more
  /// calls, and pages of the file that are written twice.
  static let usualByteCount = 256 << 10
  /// What a frame may have beyond that when a usual block is full.
  static let usualCapacity = usualByteCount + Frame.usualByteCount + 8192

  init(capacity: Int = FrameBlock.usualCapacity) {
    self.capacity = capacity
    base = .allocate(byteCount: capacity, alignment: 64)
  }

  deinit { base.deallocate() }

  /// The first bytes, for as long as the block lives.
  func bytes(_ count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base, count: count)
  }
}
