import CairnCore
import CairnCrypto

/// A sorted sequence of entries in the store: an order-statistic tree whose nodes are chunks.
///
/// Entries are sorted by key, bytewise, and cut into nodes by a hash of the key, so that equal runs
/// of two trees are equal chunks: a tree with a few changes shares the rest, and a node with few can
/// be stored as a delta of the older one (``DeltaPolicy``). A node knows of each child how many
/// entries it holds and their weight, so the n-th entry, an entry's rank, and the count and weight of
/// any range are found in O(log n) chunks.
public struct EntryTree: Hashable, Sendable, Codable {
  /// The node at the top.
  public let root: ChunkID
  /// The levels of nodes above the leaves: 0 if ``root`` is a leaf.
  public let height: Int
  /// The number of entries.
  public let count: UInt64
  /// The sum of the entries' weights.
  public let weight: UInt64

  public init(root: ChunkID, height: Int, count: UInt64, weight: UInt64) {
    self.root = root
    self.height = height
    self.count = count
    self.weight = weight
  }

  static let maximumHeight = 32
  /// Keys longer than this are refused.
  public static let maximumKeyLength = 64 << 10
}

/// An entry of an ``EntryTree``.
public struct Entry: Hashable, Sendable {
  /// What the tree is sorted by; at most ``EntryTree/maximumKeyLength`` bytes.
  public var key: [UInt8]
  /// Bytes of the host's.
  public var value: [UInt8]
  /// The chunks that the entry needs.
  public var links: [ChunkID]
  /// What the entry adds to sums over ranges, for instance its size in bytes.
  public var weight: UInt64

  public init(key: [UInt8], value: [UInt8], links: [ChunkID] = [], weight: UInt64 = 0) {
    self.key = key
    self.value = value
    self.links = links
    self.weight = weight
  }
}

/// The form of nodes. The data of a node's chunk:
///
///     1 byte   "E"
///     1 byte   the level, 0 for a leaf
///     varint   the number of records
///     per record of a leaf:
///       varint   how many bytes of its key are those of the key before
///       counted  the rest of its key
///       varint   its weight
///       varint   its number of links
///       counted  its value
///     per record of a higher node:
///       varint, counted   the first key of the child, as above
///       varint            its number of entries
///       varint            their weight
///
/// The links of a leaf are those of its entries one after the other; of a higher node, its
/// children.
enum EntryNode {
  static let tag = UInt8(ascii: "E")

  /// The most bytes that the keys of a node above the leaves have, written out: a node is closed at
  /// four times its size, which is 1 MiB at most, and its last key may be of any length.
  static let maximumKeyBytes = 4 << 20 + EntryTree.maximumKeyLength

  /// Whether a record is the last of its node.
  ///
  /// The chance is proportional to the record's size, so nodes have `nodeSize` bytes on average
  /// whatever the entries are like, within a quarter and four times of it. A node above the leaves
  /// has two children at least, or keys longer than a node would pile up levels without end.
  static func endsNode(
    key: UnsafeRawBufferPointer, level: Int, recordSize: Int, recordCount: Int, filled: Int,
    nodeSize: Int
  ) -> Bool {
    if level > 0, recordCount < 2 { return false }
    if filled >= nodeSize * 4 { return true }
    guard filled >= nodeSize / 4 else { return false }
    let share = UInt64.max / UInt64(nodeSize)
    let (limit, overflow) = share.multipliedReportingOverflow(by: UInt64(recordSize))
    return overflow || hash(key, level: level) < limit
  }

  /// FNV-1a of 64 bits over the level and the key, its bits mixed as in MurmurHash3.
  static func hash(_ key: UnsafeRawBufferPointer, level: Int) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    hash = (hash ^ UInt64(level)) &* 0x100_0000_01B3
    for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    return hash ^ (hash >> 33)
  }

  @inline(never)
  static func unsound(_ what: String) -> ChunkStoreError {
    ChunkStoreError(.damaged, "a node of a sorted tree is not sound: \(what)")
  }
}
