import CairnCore
import SystemPackage

/// The pairs of a ``PathTable``, each of a parent and a component, numbered in the order in which
/// they were added.
struct PathCore: ~Copyable {
  /// What stands for the parent where there is none.
  static let none = UInt32.max

  private struct Pair: Equatable {
    var parent: UInt32
    var component: UInt32
  }

  private var memory: ReservedMemory
  private var table = GroupTable()
  private let hash: ByteHash
  private let limit: Int
  private let growth: ArenaOptions.Growth
  private(set) var count = 0

  init(limit: Int, growth: ArenaOptions.Growth, hash: ByteHash) throws(InternError) {
    let limit = min(max(0, limit), Int(Symbol<Never>.largestRawValue) + 1)
    memory = try ArenaCore.reserve(limit * MemoryLayout<Pair>.stride)
    self.limit = limit
    self.growth = growth
    self.hash = hash
  }

  var byteCount: Int { count * MemoryLayout<Pair>.stride + table.byteCount }

  private var pairs: UnsafeMutablePointer<Pair> {
    memory.base.assumingMemoryBound(to: Pair.self)
  }

  /// - Precondition: `path` is less than ``count``.
  func pair(_ path: UInt32) -> (parent: UInt32, component: UInt32) {
    precondition(Int(path) < count, "the path is not one of this table's")
    let pair = pairs[Int(path)]
    return (pair.parent, pair.component)
  }

  func find(_ parent: UInt32, _ component: UInt32) -> UInt32? {
    find(Pair(parent: parent, component: component))
  }

  /// The number of a path whose components are in `components`.
  func find(_ path: RawSpan, _ components: borrowing ArenaCore) -> UInt32? {
    var parent = Self.none
    var pieces = PathPieces(path)
    while let piece = pieces.next() {
      guard let component = components.find(piece), let next = find(parent, component) else {
        return nil
      }
      parent = next
    }
    return parent
  }

  func bytes(of path: UInt32, _ components: borrowing ArenaCore) -> [UInt8] {
    var chain: [UInt32] = []
    var next = path
    while next != Self.none {
      let pair = pair(next)
      chain.append(pair.component)
      next = pair.parent
    }
    var bytes: [UInt8] = []
    for (index, component) in chain.reversed().enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: "/")) }
      bytes.append(contentsOf: components.content(of: component))
    }
    return bytes
  }

  private func key(_ pair: Pair) -> UInt64 {
    hash((UInt64(pair.parent), UInt64(pair.component)), length: MemoryLayout<Pair>.size)
  }

  private func find(_ pair: Pair) -> UInt32? {
    let pairs = pairs
    return table.view.find(key(pair)) { pairs[Int($0)] == pair }
  }

  mutating func intern(
    _ path: RawSpan, _ components: inout ArenaCore
  ) throws(InternError) -> UInt32 {
    var parent = Self.none
    var pieces = PathPieces(path)
    while let piece = pieces.next() {
      parent = try intern(parent, try components.intern(piece))
    }
    return parent
  }

  mutating func intern(_ parent: UInt32, _ component: UInt32) throws(InternError) -> UInt32 {
    let pair = Pair(parent: parent, component: component)
    if let known = find(pair) { return known }
    guard count < limit else { throw .noPathsLeft(limit) }
    if table.isFull { try grow() }
    let size = (count + 1) * MemoryLayout<Pair>.stride
    do throws(Errno) {
      try memory.commit(size)
    } catch {
      throw .noMemory(size, error)
    }
    pairs[count] = pair
    let number = UInt32(count)
    table.insert(key(pair), number)
    count += 1
    return number
  }

  private mutating func grow() throws(InternError) {
    let room = growth.room(after: table.limit)
    do throws(Errno) {
      try table.replace(room: room)
    } catch {
      throw .noMemory(GroupTable.groups(for: room) * GroupView.groupSize, error)
    }
    // Some at a time: their groups are read together, so that the waits for memory overlap.
    let batchSize = 64
    let hashes = UnsafeMutablePointer<UInt64>.allocate(capacity: batchSize)
    defer { hashes.deallocate() }
    for first in stride(from: 0, to: count, by: batchSize) {
      let size = min(batchSize, count - first)
      for index in 0..<size { hashes[index] = key(pairs[first + index]) }
      table.insert(UnsafeBufferPointer(start: hashes, count: size)) { UInt32(first + $0) }
    }
  }

  mutating func removeAll() {
    table.removeAll()
    memory.release(from: 0)
    count = 0
  }
}

extension InternError {
  @inline(never)
  static func noPathsLeft(_ limit: Int) -> InternError {
    InternError(.full, "the table is full: it may hold \(limit) paths; give it a larger limit")
  }
}
