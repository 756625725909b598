/// Strings on their way into an arena together, and then their symbols.
///
/// Their waits for memory overlap: all are hashed and their groups read before the first is looked
/// for.
///
/// A class, since it is held by code that is inlined elsewhere, where the compiler cannot destroy a
/// type that is not copyable.
@usableFromInline
final class StringBatch {
  private struct Entry {
    var start: UnsafeRawPointer
    var length: Int
    var hash: UInt64
    var symbol: UInt32
  }

  /// As many cache misses as a core has under way at once.
  private static let capacity = 16
  private let entries: UnsafeMutablePointer<Entry>
  private var filled = 0
  /// The strings that have symbols.
  @usableFromInline private(set) var count = 0
  /// What was read ahead, so that it is not optimised away.
  private var touched: UInt64 = 0

  @usableFromInline
  init() {
    entries = .allocate(capacity: Self.capacity)
  }

  deinit {
    entries.deallocate()
  }

  @usableFromInline
  subscript(index: Int) -> UInt32 {
    precondition(index < count)
    return entries[index].symbol
  }

  var isFull: Bool { filled == Self.capacity }

  func removeAll() {
    filled = 0
    count = 0
  }

  /// - Precondition: the batch is not full, and the bytes stay where they are until it is interned.
  @inline(__always)
  func append(_ start: UnsafeRawPointer, _ length: Int) {
    precondition(!isFull)
    entries[filled] = Entry(start: start, length: length, hash: 0, symbol: 0)
    filled += 1
  }

  /// Interns what was appended; after an error, what came before has its symbols.
  func intern(into arena: inout ArenaCore) throws(InternError) {
    let filled = filled
    var touched: UInt64 = 0
    for index in 0..<filled {
      let key = arena.hash(entries[index].start, entries[index].length)
      entries[index].hash = key
      touched |= arena.touchGroup(key)
    }
    for index in 0..<filled { touched |= arena.touchRecord(entries[index].hash) }
    self.touched = touched
    for index in 0..<filled {
      let entry = entries[index]
      entries[index].symbol = try arena.intern(entry.start, entry.length, entry.hash)
      count = index + 1
    }
  }
}

extension ArenaCore {
  /// Interns the next pieces of `text`, of which `offset` is the start of the first, and moves
  /// `offset` behind their separators: behind the end of the text at last.
  @usableFromInline
  mutating func internPieces(
    of text: RawSpan, separatedBy separator: UInt8, from offset: inout Int,
    _ batch: StringBatch
  ) -> InternError? {
    let (start, length) = text.lentBytes
    batch.removeAll()
    while !batch.isFull, offset <= length {
      let end = start.first(separator, from: offset, to: length)
      batch.append(start + offset, end - offset)
      offset = end + 1
    }
    return finish(batch)
  }

  /// Interns the next pieces of `text`, which end where `ends` says.
  @usableFromInline
  mutating func internPieces(
    of text: RawSpan, endingAt ends: Span<Int>, from index: inout Int, _ batch: StringBatch
  ) -> InternError? {
    let (start, length) = text.lentBytes
    batch.removeAll()
    while !batch.isFull, index < ends.count {
      let first = index == 0 ? 0 : ends[index - 1]
      precondition(first <= ends[index] && ends[index] <= length, "the ends are out of order")
      batch.append(start + first, ends[index] - first)
      index += 1
    }
    return finish(batch)
  }

  private mutating func finish(_ batch: StringBatch) -> InternError? {
    do throws(InternError) {
      try batch.intern(into: &self)
      return nil
    } catch {
      return error
    }
  }
}

extension UnsafeRawPointer {
  /// The first place of `byte` from `offset` on, or `end`.
  @inline(__always)
  func first(_ byte: UInt8, from offset: Int, to end: Int) -> Int {
    let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
    var place = offset
    while place + 8 <= end {
      let hits = Tags.zeroBytes(word(place) ^ pattern)
      if hits != 0 { return place + Tags.firstByte(hits) }
      place += 8
    }
    while place < end {
      if load(fromByteOffset: place, as: UInt8.self) == byte { return place }
      place += 1
    }
    return end
  }
}
