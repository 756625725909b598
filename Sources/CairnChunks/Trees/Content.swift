import CairnCore
import CairnCrypto

/// A stream of any length in the store.
///
/// A short stream is one chunk. A longer one is a tree: chunks of data under nodes that hold, per
/// child, its id and its length in bytes, so that any offset is found in O(log n) chunks and equal
/// runs are shared between streams. Ranges of zeros that were holes in a sparse file take no chunk.
public struct Content: Hashable, Sendable, Codable {
  /// The chunk at the top.
  public let root: ChunkID
  /// The length of the stream.
  public let byteCount: UInt64
  /// The levels of nodes above the data: 0 if ``root`` is the data itself.
  public let height: Int

  public init(root: ChunkID, byteCount: UInt64, height: Int) {
    self.root = root
    self.byteCount = byteCount
    self.height = height
  }

  /// No stream of 64-bit length is higher: a node has at least 32 children but for the last ones.
  static let maximumHeight = 16

  /// The bytes of an encoded reference: a byte of height, the length as a varint, and the root as a
  /// link.
  package func encode(into buffer: inout [UInt8]) {
    var writer = BinaryWriter()
    writer.append(UInt8(height))
    writer.append(varint: byteCount)
    buffer.append(contentsOf: writer.bytes)
  }
}

/// A node of a content tree. The data of its chunk:
///
///     1 byte   "C"
///     1 byte   the level: 1 above the data
///     varint   the number of children
///     varint   per child: its length in bytes * 2 + (1 if it is a hole)
///
/// The links are the children that are not holes, in order.
struct ContentNode {
  static let tag = UInt8(ascii: "C")

  /// A child is cut off as the last of its node where the low seven bits of its id's last byte are
  /// zero, so that a change in the middle of a stream leaves the nodes behind it as they are.
  static let minimumChildren = 32
  static let maximumChildren = 512
  private static let cutMask: UInt8 = 127

  struct Child {
    /// `nil` for a hole.
    var id: ChunkID?
    var byteCount: UInt64
  }

  var level: Int
  var children: [Child]

  static func endsNode(_ child: Child, count: Int) -> Bool {
    if count >= maximumChildren { return true }
    guard count >= minimumChildren, let id = child.id else { return false }
    return id.digest.withBytes { $0.unsafeLoad(fromByteOffset: 31, as: UInt8.self) } & cutMask == 0
  }

  func encoded() -> (links: [UInt8], data: [UInt8]) {
    var links = BinaryWriter(reserving: children.count * ChunkID.byteCount)
    var data = BinaryWriter(reserving: children.count * 4 + 8)
    data.append(Self.tag)
    data.append(UInt8(level))
    data.append(varint: children.count)
    for child in children {
      data.append(varint: child.byteCount << 1 | (child.id == nil ? 1 : 0))
      child.id?.digest.withBytes { links.append($0) }
    }
    return (links.bytes, data.bytes)
  }

  /// - Parameters:
  ///   - level: what the parent says it is.
  ///   - byteCount: what the parent says its children add up to.
  init(_ record: borrowing ChunkRecord, level: Int, byteCount: UInt64) throws(ChunkStoreError) {
    do throws(IOError) {
      var reader = BinaryReader(record.data)
      guard try reader.readUInt8() == Self.tag, try reader.readUInt8() == UInt8(level) else {
        throw PackFormat.malformed("no node of level \(level) of a stream")
      }
      let count = try reader.readCount()
      guard count <= Self.maximumChildren else {
        throw PackFormat.malformed("a node of \(count) children")
      }
      children = []
      children.reserveCapacity(count)
      var sum: UInt64 = 0
      var link = 0
      for _ in 0..<count {
        let value = try reader.readVarint()
        let (total, overflow) = sum.addingReportingOverflow(value >> 1)
        guard !overflow else { throw PackFormat.malformed("lengths that overflow") }
        sum = total
        // A child without bytes would be read in vain, and one that holds many such without end.
        guard value > 1 else { throw PackFormat.malformed("a child without bytes") }
        if value & 1 == 1 {
          children.append(Child(id: nil, byteCount: value >> 1))
        } else {
          guard link < record.linkCount else { throw PackFormat.malformed("too few links") }
          children.append(Child(id: record.link(link), byteCount: value >> 1))
          link += 1
        }
      }
      guard link == record.linkCount, reader.isAtEnd, sum == byteCount else {
        throw PackFormat.malformed("a node whose children do not add up")
      }
    } catch {
      throw ChunkStoreError(.damaged, "a node of a stream is not sound", cause: error)
    }
    self.level = level
  }

  init(level: Int, children: [Child]) {
    self.level = level
    self.children = children
  }
}
