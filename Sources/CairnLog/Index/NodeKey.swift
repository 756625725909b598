/// What children lists are kept under: an entry's id plus 1, or 0 for the entries without parent.
struct NodeKey: Hashable, Comparable {
  let number: UInt32

  static let root = NodeKey(number: 0)

  init(number: UInt32) {
    self.number = number
  }

  init(id: UInt32) {
    number = id + 1
  }

  /// - Precondition: the entry is at most ``EntryID/maximum``.
  init(_ entry: EntryID?) {
    number = entry.map { $0.number + 1 } ?? 0
  }

  /// - Precondition: It is not the root.
  var id: UInt32 { number - 1 }

  static func < (a: NodeKey, b: NodeKey) -> Bool { a.number < b.number }
}
