import Synchronization

/// How the words of a table are read and written: plainly, or so that other threads may read while
/// one writes.
protocol GroupAccess {
  static func word(_ place: UnsafeRawPointer) -> UInt64
  static func number(_ place: UnsafeRawPointer) -> UInt32
  static func set(_ place: UnsafeMutableRawPointer, _ word: UInt64)
  static func set(_ place: UnsafeMutableRawPointer, _ number: UInt32)
}

/// For tables that one thread has to itself, or that nobody changes.
enum PlainAccess: GroupAccess {
  @inline(__always)
  static func word(_ place: UnsafeRawPointer) -> UInt64 { place.load(as: UInt64.self) }

  @inline(__always)
  static func number(_ place: UnsafeRawPointer) -> UInt32 { place.load(as: UInt32.self) }

  @inline(__always)
  static func set(_ place: UnsafeMutableRawPointer, _ word: UInt64) {
    place.storeBytes(of: word, as: UInt64.self)
  }

  @inline(__always)
  static func set(_ place: UnsafeMutableRawPointer, _ number: UInt32) {
    place.storeBytes(of: number, as: UInt32.self)
  }
}

/// For tables that one thread at a time changes while any number look things up.
///
/// Whoever sees a tag sees the number beside it, and all that was written before that.
enum SharedAccess: GroupAccess {
  @inline(__always)
  static func word(_ place: UnsafeRawPointer) -> UInt64 {
    place.assumingMemoryBound(to: Atomic<UInt64>.self).pointee.load(ordering: .acquiring)
  }

  @inline(__always)
  static func number(_ place: UnsafeRawPointer) -> UInt32 {
    place.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .relaxed)
  }

  @inline(__always)
  static func set(_ place: UnsafeMutableRawPointer, _ word: UInt64) {
    place.assumingMemoryBound(to: Atomic<UInt64>.self).pointee.store(word, ordering: .releasing)
  }

  @inline(__always)
  static func set(_ place: UnsafeMutableRawPointer, _ number: UInt32) {
    place.assumingMemoryBound(to: Atomic<UInt32>.self).pointee.store(number, ordering: .relaxed)
  }
}
