/// Strings on their way into an arena together, and then their symbols.
///
/// Their waits for memory overlap: all are hashed, and their groups read, and then the records that
/// these name, before the first string is looked for.
///
/// A class, since it is held by code that is inlined elsewhere, where the compiler cannot destroy a
/// type that is not copyable.
@usableFromInline
final class StringBatch {
  private struct Piece {
    var start: UnsafeRawPointer
    var length: Int
  }

  /// Some times what a core can wait for at once, so that it seldom waits for the last ones alone.
  private static let capacity = 64
  private let pieces: UnsafeMutablePointer<Piece>
  private let hashes: UnsafeMutablePointer<UInt64>
  private let results: UnsafeMutablePointer<UInt32>
  private var filled = 0
  private var done = 0

  @usableFromInline
  init() {
    pieces = .allocate(capacity: Self.capacity)
    hashes = .allocate(capacity: Self.capacity)
    results = .allocate(capacity: Self.capacity)
  }

  deinit {
    pieces.deallocate()
    hashes.deallocate()
    results.deallocate()
  }

  /// The symbols of the strings that have some, until the batch is used again.
  @usableFromInline
  var symbols: UnsafeBufferPointer<UInt32> { UnsafeBufferPointer(start: results, count: done) }

  /// Takes strings, as long as there are some and the batch has room.
  ///
  /// What they point to must stay until they are interned.
  @inline(__always)
  func fill(_ next: () -> (start: UnsafeRawPointer, length: Int)?) {
    var count = 0
    while count < Self.capacity, let piece = next() {
      pieces[count] = Piece(start: piece.start, length: piece.length)
      count += 1
    }
    filled = count
    done = 0
  }

  /// Takes the next pieces of `text`, of which `offset` is the start of the first, and moves `offset`
  /// behind their separators: behind the end of the text at last.
  func fill(_ text: RawSpan, separatedBy separator: UInt8, from offset: inout Int) {
    let (start, length) = text.lentBytes
    var place = offset
    fill {
      guard place <= length else { return nil }
      let first = place
      let end = start.first(separator, from: first, to: length)
      place = end + 1
      return (start + first, end - first)
    }
    offset = place
  }

  /// Takes the next pieces of `text`, which end where `ends` says.
  func fill(_ text: RawSpan, endingAt ends: Span<Int>, from index: inout Int) {
    let (start, length) = text.lentBytes
    var place = index
    var first = place == 0 ? 0 : ends[place - 1]
    fill {
      guard place < ends.count else { return nil }
      let piece = first
      first = ends[place]
      precondition(piece <= first && first <= length, "the ends are out of order")
      place += 1
      return (start + piece, first - piece)
    }
    index = place
  }

  /// Interns what the batch took; after an error, what came before has its symbols.
  @inline(__always)
  func intern<Target: BatchTarget & ~Copyable>(into target: inout Target) -> InternError? {
    let (pieces, hashes, results, filled) = (pieces, hashes, results, filled)
    let hash = target.hash
    for index in 0..<filled { hashes[index] = hash(pieces[index].start, pieces[index].length) }
    target.prefetch(UnsafeBufferPointer(start: hashes, count: filled), results)
    for index in 0..<filled {
      let piece = pieces[index]
      do throws(InternError) {
        results[index] = try target.intern(piece.start, piece.length, hashes[index])
      } catch {
        done = index
        return error
      }
    }
    done = filled
    return nil
  }
}

/// What a batch is interned into.
protocol BatchTarget: ~Copyable {
  var hash: ByteHash { get }

  /// Has read what looking for strings with these hashes will read.
  ///
  /// - Parameter displaced: room for as many numbers as there are hashes.
  func prefetch(_ hashes: UnsafeBufferPointer<UInt64>, _ displaced: UnsafeMutablePointer<UInt32>)

  /// The symbol of a string, which is added if it is not there, and has this hash.
  mutating func intern(
    _ start: UnsafeRawPointer, _ length: Int, _ key: UInt64
  ) throws(InternError) -> UInt32
}

extension ArenaCore: BatchTarget {
  @usableFromInline
  mutating func internPieces(
    of text: RawSpan, separatedBy separator: UInt8, from offset: inout Int, _ batch: StringBatch
  ) -> InternError? {
    batch.fill(text, separatedBy: separator, from: &offset)
    return batch.intern(into: &self)
  }

  @usableFromInline
  mutating func internPieces(
    of text: RawSpan, endingAt ends: Span<Int>, from index: inout Int, _ batch: StringBatch
  ) -> InternError? {
    batch.fill(text, endingAt: ends, from: &index)
    return batch.intern(into: &self)
  }
}

extension SharedCore: BatchTarget {
  @usableFromInline
  func internPieces(
    of text: RawSpan, separatedBy separator: UInt8, from offset: inout Int, _ batch: StringBatch
  ) -> InternError? {
    batch.fill(text, separatedBy: separator, from: &offset)
    var core = self
    return batch.intern(into: &core)
  }

  @usableFromInline
  func internPieces(
    of text: RawSpan, endingAt ends: Span<Int>, from index: inout Int, _ batch: StringBatch
  ) -> InternError? {
    batch.fill(text, endingAt: ends, from: &index)
    var core = self
    return batch.intern(into: &core)
  }
}

/// Strings copied one behind the other, since a string cannot lend its bytes for longer than a call.
struct StringChunk {
  private static let enough = 1024
  private(set) var text: [UInt8] = []
  private(set) var ends: [Int] = []

  var isFull: Bool { ends.count == Self.enough }

  mutating func append(_ string: String) {
    text.append(contentsOf: string.utf8)
    ends.append(text.count)
  }

  mutating func removeAll() {
    text.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
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
