/// An entry that can have more children, and what of them the index does not hold for good.
///
/// Accesses are not checked at run time for overlaps, as in the ``Indexer``.
final class OpenNode {
  /// Children in a row, from ordinal `number * Child.perPart` on.
  struct Part {
    var number: UInt32
    var children: [Child] = []
    /// How many of them are open.
    var openCount = 0
    var isChanged = true

    var rows: UInt64 { children.reduce(0) { $0 + UInt64($1.size) } }
  }

  @exclusivity(unchecked) private(set) var key: NodeKey
  /// `nil` for the root.
  @exclusivity(unchecked) private(set) var parent: OpenNode?
  @exclusivity(unchecked) private(set) var ordinal: UInt32
  /// The number of its ancestors; -1 for the root.
  @exclusivity(unchecked) private(set) var depth: Int
  @exclusivity(unchecked) var head = NodeHead()
  @exclusivity(unchecked) var openChildren = 0
  /// The entries under the children that are closed, and these.
  @exclusivity(unchecked) var closedRows: UInt32 = 0
  /// Collects, while it is published, the entries under the children that are open, and these.
  @exclusivity(unchecked) var openRows: UInt32 = 0
  @exclusivity(unchecked) var isChanged = true
  /// Whether the index knows that it is open.
  @exclusivity(unchecked) var isStored = false
  /// The children that came last: at least one if there are any.
  @exclusivity(unchecked) var last = Part(number: 0)
  /// Parts that are full, but have open children, in order.
  @exclusivity(unchecked) var older: [Part] = []

  init(_ key: NodeKey, parent: OpenNode?, ordinal: UInt32, depth: Int) {
    self.key = key
    self.parent = parent
    self.ordinal = ordinal
    self.depth = depth
  }

  /// Makes it stand for another entry, and keeps its memory.
  func reuse(_ key: NodeKey, parent: OpenNode?, ordinal: UInt32, depth: Int) {
    self.key = key
    self.parent = parent
    self.ordinal = ordinal
    self.depth = depth
    head = NodeHead()
    openChildren = 0
    closedRows = 0
    openRows = 0
    isChanged = true
    isStored = false
    last.number = 0
    last.children.removeAll(keepingCapacity: true)
    last.openCount = 0
    last.isChanged = true
    older = []
  }

  func forgetParent() { parent = nil }

  /// The place in ``older`` of the part with that number.
  func olderIndex(_ number: UInt32) -> Int? {
    var (low, high) = (0, older.count)
    while low < high {
      let middle = (low + high) / 2
      if older[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low < older.count && older[low].number == number ? low : nil
  }

  /// Changes what is known of a child, which is open.
  ///
  /// - Returns: the place in ``older`` of a part that has no open children any more.
  func update(
    _ ordinal: UInt32, size: UInt32, worst: Severity, isClosed: Bool
  ) -> Int? {
    let number = ordinal / UInt32(Child.perPart)
    let place = Int(ordinal) % Child.perPart
    func change(_ part: inout Part) {
      if part.children[place].size != size || part.children[place].worst != worst {
        part.children[place].size = size
        part.children[place].worst = worst
        part.isChanged = true
        isChanged = true
      }
      if isClosed { part.openCount -= 1 }
    }
    if number == last.number {
      change(&last)
      return nil
    }
    guard let index = olderIndex(number) else {
      preconditionFailure("an open child is in no part")
    }
    change(&older[index])
    return older[index].openCount == 0 ? index : nil
  }
}
