import CairnCore

/// What the catalogue says of a tree, 48 bytes: layout word (8), number of entries (8), total
/// weight (8), number of overflow pages (8), root page or 0 if empty (4), the tree's number (4), the
/// root's level (1), zeros (7).
struct TreeRecord: Hashable, Sendable {
  var layoutWord: UInt64
  var count: UInt64 = 0
  var weight: UInt64 = 0
  var overflowPages: UInt64 = 0
  var root: UInt32 = 0
  let id: UInt32
  var level = 0

  static let size = 48
  /// Deeper than any tree can be: each inner page has at least two children but the root's line.
  static let maximumLevel = 63

  init(layoutWord: UInt64, id: UInt32) {
    self.layoutWord = layoutWord
    self.id = id
  }

  func encode(into writer: inout BinaryWriter) {
    writer.append(layoutWord)
    writer.append(count)
    writer.append(weight)
    writer.append(overflowPages)
    writer.append(root)
    writer.append(id)
    writer.append(UInt64(level))
  }

  init(_ reader: inout BinaryReader) throws(IOError) {
    layoutWord = try reader.read(UInt64.self)
    count = try reader.read(UInt64.self)
    weight = try reader.read(UInt64.self)
    overflowPages = try reader.read(UInt64.self)
    root = try reader.read(UInt32.self)
    id = try reader.read(UInt32.self)
    let level = try reader.read(UInt64.self)
    guard level <= UInt64(Self.maximumLevel), count <= UInt64(Int64.max), root != 1,
      (root == 0) == (count == 0)
    else {
      throw IOError(
        .malformed, operation: "decode", subject: "the description of a tree",
        detail: "its numbers contradict one another")
    }
    self.level = Int(level)
  }

  /// Whether so many pages can hold so many entries. Where pages refer to one another in circles,
  /// this is what ends a walk.
  func isPossible(pageCount: UInt32) -> Bool { count >> 16 <= UInt64(pageCount) }
}
