import CairnCore
import CairnCrypto

/// Puts the nodes of a content tree above its chunks, which come in order.
///
/// Memory: at most ``ContentNode/maximumChildren`` children on each level.
struct ContentBuilder {
  private var levels: [[ContentNode.Child]] = [[]]
  private var byteCount: UInt64 = 0

  mutating func append(
    _ child: ContentNode.Child, _ lane: Lane
  ) throws(ChunkStoreError) {
    guard child.byteCount > 0 else { return }
    byteCount += child.byteCount
    try append(child, level: 0, lane)
  }

  private mutating func append(
    _ child: ContentNode.Child, level: Int, _ lane: Lane
  ) throws(ChunkStoreError) {
    if level == levels.count { levels.append([]) }
    levels[level].append(child)
    if ContentNode.endsNode(child, count: levels[level].count) { try close(level, lane) }
  }

  /// Stores the children of a level as a node, which becomes a child of the next.
  private mutating func close(_ level: Int, _ lane: Lane) throws(ChunkStoreError) {
    let node = ContentNode(level: level + 1, children: levels[level])
    levels[level].removeAll(keepingCapacity: true)
    let (links, data) = node.encoded()
    let id = try links.withRawBytes { (links) throws(ChunkStoreError) in
      try data.withRawBytes { (data) throws(ChunkStoreError) in
        try lane.store(links: links, data: data, in: .nodes)
      }
    }
    let sum = node.children.reduce(0) { $0 + $1.byteCount }
    try append(ContentNode.Child(id: id, byteCount: sum), level: level + 1, lane)
  }

  /// Closes what is open and returns the reference.
  mutating func finish(_ lane: Lane) throws(ChunkStoreError) -> Content {
    if byteCount == 0 {
      let id = try lane.store(data: UnsafeRawBufferPointer(start: nil, count: 0), in: .content)
      return Content(root: id, byteCount: 0, height: 0)
    }
    var level = 0
    while true {
      let isTop = level == levels.count - 1
      if isTop, levels[level].count == 1, let id = levels[level][0].id {
        return Content(root: id, byteCount: byteCount, height: level)
      }
      if !levels[level].isEmpty { try close(level, lane) }
      level += 1
    }
  }
}
