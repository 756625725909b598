/// Strings on their way into an arena together, and then their symbols.
///
/// Their waits for memory overlap: all are hashed, then their groups are read, then the records that
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

  /// Some more than a core can wait for at once.
  private static let capacity = 32
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

  /// Interns what the batch took; after an error, what came before has its symbols.
  func intern(into arena: inout ArenaCore) throws(InternError) {
    let (pieces, hashes, results, filled) = (pieces, hashes, results, filled)
    for index in 0..<filled { hashes[index] = arena.hash(pieces[index].start, pieces[index].length) }
    arena.touch(UnsafeBufferPointer(start: hashes, count: filled), results)
    for index in 0..<filled {
      let piece = pieces[index]
      do throws(InternError) {
        results[index] = try arena.intern(piece.start, piece.length, hashes[index])
      } catch {
        done = index
        throw error
      }
    }
    done = filled
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
    var place = offset
    batch.fill {
      guard place <= length else { return nil }
      let first = place
      let end = start.first(separator, from: first, to: length)
      place = end + 1
      return (start + first, end - first)
    }
    offset = place
    return finish(batch)
  }

  /// Interns the next pieces of `text`, which end where `ends` says.
  @usableFromInline
  mutating func internPieces(
    of text: RawSpan, endingAt ends: Span<Int>, from index: inout Int, _ batch: StringBatch
  ) -> InternError? {
    let (start, length) = text.lentBytes
    var place = index
    var first = place == 0 ? 0 : ends[place - 1]
    batch.fill {
      guard place < ends.count else { return nil }
      let piece = first
      first = ends[place]
      precondition(piece <= first && first <= length, "the ends are out of order")
      place += 1
      return (start + piece, first - piece)
    }
    index = place
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
