/// Goes through the strings of a sorted archive, from the start of a block on.
///
/// Reads nothing outside `blocks`, and makes no string longer than what is there, whatever the bytes.
struct SortedCursor {
  private let blocks: UnsafeRawBufferPointer
  private(set) var offset: Int
  private var place = 0
  private(set) var current: [UInt8] = []

  init(_ blocks: UnsafeRawBufferPointer, from offset: Int) {
    self.blocks = blocks
    self.offset = offset
  }

  /// Moves to the next string, which is there.
  mutating func next() throws(InternError) {
    var shared = 0
    if place % SortedHeader.blockCount != 0 { shared = try number() }
    let rest = try number()
    guard shared <= current.count, rest <= blocks.count - offset else {
      throw .damaged("a string is longer than what there is of it", Self.file)
    }
    current.removeLast(current.count - shared)
    current.append(contentsOf: blocks[offset..<offset + rest])
    offset += rest
    place += 1
  }

  /// The first string of the block at `offset`, where it lies.
  static func first(
    _ blocks: UnsafeRawBufferPointer, at offset: Int
  ) throws(InternError) -> UnsafeRawBufferPointer {
    var cursor = SortedCursor(blocks, from: offset)
    let length = try cursor.number()
    guard length <= blocks.count - cursor.offset else {
      throw .damaged("a string is longer than what there is of it", file)
    }
    return UnsafeRawBufferPointer(rebasing: blocks[cursor.offset..<cursor.offset + length])
  }

  /// An unsigned LEB128 number of at most five bytes, in its shortest form.
  private mutating func number() throws(InternError) -> Int {
    var value = 0
    var shift = 0
    while offset < blocks.count, shift < 7 * RecordLayout.longestLengthSize {
      let byte = Int(blocks[offset])
      offset += 1
      value |= (byte & 0x7F) << shift
      if byte < 0x80 {
        guard byte != 0 || shift == 0 else { break }
        return value
      }
      shift += 7
    }
    throw .damaged("a length is no number", Self.file)
  }

  static var file: String { "sorted string archive" }
}
