public import CairnCore

/// Reads the value of an entry from front to back, or at an offset, holding a page of it at a time.
///
/// It keeps its tree. On a ``WritableTree`` that has changed since, it throws ``TreeError/Code/ended``.
///
/// The pages of a long value are a chain: to read at an offset takes reading what is in front of it
/// once; every 64th page is remembered, so to go back is quick.
public struct TreeValueReader<Tree: OrderedTree>: ByteReader {
  public let tree: Tree
  /// The number of bytes of the value.
  public let byteCount: Int64
  /// Where ``read(into:)`` goes on. It may be set, also behind the end, where there is nothing.
  public var position: Int64 = 0

  private let changeCount: Int?
  /// The value, if it is not in overflow pages.
  private let bytes: [UInt8]
  /// The transaction that wrote the leaf; the pages are not newer.
  private let transaction: UInt64
  /// The page that was read last, and which of the value's it is.
  private var page: (number: UInt32, index: Int64)
  /// Every 64th page of the value, as far as it was passed.
  private var waypoints: [UInt32] = []
  private static var waypointDistance: Int64 { 64 }

  /// - Returns: `nil` if there is no such entry.
  init?(_ tree: Tree, _ key: RawSpan) throws(TreeError) {
    let root = try tree.root
    let found = try key.lend { (key) throws(TreeError) in
      try root.withEntry(key) { (leaf, index) throws(TreeError) in
        try Self.describe(root, leaf, index)
      }
    }
    guard let found else { return nil }
    self.tree = tree
    changeCount = tree.changeCount
    byteCount = found.byteCount
    bytes = found.bytes
    transaction = found.transaction
    page = (found.firstPage, 0)
    waypoints = [found.firstPage]
  }

  private struct Description {
    var byteCount: Int64
    var bytes: [UInt8] = []
    var transaction: UInt64
    var firstPage: UInt32 = 0
  }

  private static func describe(
    _ root: TreeRoot, _ leaf: LeafPage, _ index: Int
  ) throws(TreeError) -> Description {
    let stored = leaf.value(index)
    let transaction = leaf.page.transaction
    guard leaf.isOverflowing(index) else {
      return Description(
        byteCount: Int64(stored.count), bytes: stored.array, transaction: transaction)
    }
    let (byteCount, firstPage) = try root.overflow(stored, of: leaf.page)
    return Description(
      byteCount: Int64(byteCount), transaction: transaction, firstPage: firstPage)
  }

  /// Appends bytes from ``position`` on to `buffer`, see `ByteReader`.
  ///
  /// - Throws: `IOError`, which says what the ``TreeError`` was.
  public mutating func read(into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    do throws(TreeError) {
      let count = try read(at: position, into: &buffer)
      position += Int64(count)
      return count
    } catch {
      throw error.cause
        ?? IOError(
          .malformed, operation: "read", subject: "a value of a tree", detail: error.description)
    }
  }

  /// Appends bytes from `offset` on to `buffer` until it is full or the end is reached, and returns
  /// how many.
  public mutating func read(
    at offset: Int64, into buffer: inout OutputRawSpan
  ) throws(TreeError) -> Int {
    let root = try tree.root
    guard tree.changeCount == changeCount else {
      throw TreeError(.ended, "the tree has changed since its value was opened; open it again")
    }
    let room = Int64(root.layout.pageSize - PageHeader.size)
    var offset = offset
    var total = 0
    while offset >= 0, offset < byteCount, !buffer.isFull {
      let count: Int
      if bytes.isEmpty {
        let index = offset / room
        let pinned = try pin(index, room, root)
        defer { root.cache.unpin(pinned) }
        let skipped = Int(offset - index * room)
        count = Self.copy(
          UnsafeRawBufferPointer(
            start: pinned.base + PageHeader.size + skipped, count: pinned.page.deadBytes - skipped),
          to: &buffer)
      } else {
        count = bytes.withRawBytes {
          Self.copy(UnsafeRawBufferPointer(rebasing: $0[Int(offset)...]), to: &buffer)
        }
      }
      offset += Int64(count)
      total += count
    }
    return total
  }

  private static func copy(
    _ content: UnsafeRawBufferPointer, to buffer: inout OutputRawSpan
  ) -> Int {
    buffer.append { free in
      let count = min(free.count, content.count)
      free.copyMemory(from: UnsafeRawBufferPointer(rebasing: content[..<count]))
      return count
    }
  }

  /// Pins the page of that index in the value.
  private mutating func pin(
    _ index: Int64, _ room: Int64, _ root: TreeRoot
  ) throws(TreeError) -> PinnedPage {
    let waypoint = min(index / Self.waypointDistance, Int64(waypoints.count - 1))
    if page.index > index || page.index < waypoint * Self.waypointDistance {
      page = (waypoints[Int(waypoint)], waypoint * Self.waypointDistance)
    }
    while true {
      let length = min(byteCount - page.index * room, room)
      let pinned = try root.pinOverflow(page.number, Int(length), newest: transaction)
      if page.index == index { return pinned }
      page = (pinned.page.u32(36), page.index + 1)
      root.cache.unpin(pinned)
      if page.index == Int64(waypoints.count) * Self.waypointDistance {
        waypoints.append(page.number)
      }
    }
  }
}

extension TreeValueReader: Sendable where Tree: Sendable {}

extension OrderedTree {
  /// A reader of the value of `key`, or `nil` if there is none.
  public func valueReader(for key: RawSpan) throws(TreeError) -> TreeValueReader<Self>? {
    try TreeValueReader(self, key)
  }
}

extension TypedTree {
  /// A reader of the encoded value of `key`, or `nil` if there is none.
  @inlinable
  public func valueReader(for key: Key) throws(TreeError) -> TreeValueReader<Base>? {
    try key.withEncoded { (key) throws(TreeError) in try base.valueReader(for: key) }
  }
}
