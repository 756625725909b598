/// The entries of a log that are of some severity, or have such entries under them.
///
/// 16 bytes for each of them, and some 50 for each that has children among them.
final class FilteredOutline: Outline {
  private let snapshot: LogSnapshot
  /// The children of all nodes, in pieces.
  private var children: [Child] = []
  /// The sizes of the children before each in its list.
  private var rowsBefore: [UInt32] = []
  private var lists: [NodeKey: Range<Int>] = [:]

  init(_ snapshot: LogSnapshot, _ severity: Severity) throws(LogError) {
    self.snapshot = snapshot
    // Nodes that are still to be looked at, and where they are among the children.
    var waiting: [(node: NodeKey, index: Int?)] = [(.root, nil)]
    var found: [(node: NodeKey, index: Int)] = []
    while let (node, index) = waiting.popLast() {
      guard try snapshot.head(of: node).worst >= severity else { continue }
      let start = children.count
      let parts = (try snapshot.childCount(of: node) + Child.perPart - 1) / Child.perPart
      for part in 0..<parts {
        for child in try snapshot.children(inPart: UInt32(part), of: node)
        where child.worst >= severity {
          if child.isNode { waiting.append((NodeKey(id: child.id), children.count)) }
          children.append(child)
        }
      }
      if children.count > start { lists[node] = start..<children.count }
      if let index { found.append((node, index)) }
    }
    rowsBefore = Array(repeating: 0, count: children.count)
    // Children have larger ids than their parents: their sizes are known first.
    found.sort { $0.node > $1.node }
    for (node, index) in found { children[index].size = 1 + sum(lists[node] ?? 0..<0) }
    _ = sum(lists[.root] ?? 0..<0)
  }

  private func sum(_ list: Range<Int>) -> UInt32 {
    var rows: UInt32 = 0
    for index in list {
      rowsBefore[index] = rows
      rows += children[index].size
    }
    return rows
  }

  func childCount(of node: NodeKey) -> Int { lists[node]?.count ?? 0 }

  func child(_ ordinal: Int, of node: NodeKey) -> Child {
    guard let list = lists[node] else { preconditionFailure("the node has no children") }
    return children[list.lowerBound + ordinal]
  }

  func rows(of node: NodeKey) -> Int { rows(before: childCount(of: node), of: node) }

  func rows(before ordinal: Int, of node: NodeKey) -> Int {
    guard ordinal > 0, let list = lists[node] else { return 0 }
    let last = list.lowerBound + ordinal - 1
    return Int(rowsBefore[last]) + Int(children[last].size)
  }

  func ordinal(atRow row: Int, of node: NodeKey) -> (ordinal: Int, rows: Int) {
    guard let list = lists[node] else { preconditionFailure("the node has no children") }
    var (low, high) = (list.lowerBound, list.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if Int(rowsBefore[middle]) <= row { low = middle + 1 } else { high = middle }
    }
    return (low - 1 - list.lowerBound, Int(rowsBefore[low - 1]))
  }

  func placeIfShown(of id: UInt32) throws(LogError) -> Place? {
    let parent = try snapshot.place(of: id).parent
    guard let list = lists[parent] else { return nil }
    var (low, high) = (list.lowerBound, list.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if children[middle].id < id { low = middle + 1 } else { high = middle }
    }
    guard low < list.upperBound, children[low].id == id else { return nil }
    return Place(parent: parent, ordinal: UInt32(low - list.lowerBound))
  }
}
