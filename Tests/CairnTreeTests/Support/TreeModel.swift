import CairnCore
import Testing

@testable import CairnTree

/// A plain sorted array that is asked the same questions as a tree.
struct TreeModel: Equatable {
  private(set) var entries: [TreeEntry] = []

  static func precedes(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.lexicographicallyPrecedes(b) }

  func rank(_ key: [UInt8]) -> Int {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if Self.precedes(entries[middle].key, key) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  func contains(_ key: [UInt8]) -> Bool {
    let rank = rank(key)
    return rank < entries.count && entries[rank].key == key
  }

  mutating func put(_ entry: TreeEntry) {
    let rank = rank(entry.key)
    if rank < entries.count, entries[rank].key == entry.key {
      entries[rank] = entry
    } else {
      entries.insert(entry, at: rank)
    }
  }

  mutating func remove(_ key: [UInt8]) {
    if contains(key) { entries.remove(at: rank(key)) }
  }

  mutating func remove(ranks: Range<Int>) { entries.removeSubrange(ranks) }

  func weight(before rank: Int) -> UInt64 { entries[..<rank].reduce(0) { $0 + $1.weight } }

  func rank(atWeight weight: UInt64) -> Int? {
    var sum: UInt64 = 0
    return entries.firstIndex { entry in
      sum += entry.weight
      return sum > weight
    }
  }
}

extension OrderedTree {
  /// Compares the answers for one key with the model's.
  func check(
    _ key: [UInt8], _ model: TreeModel, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let rank = model.rank(key)
    let isThere = model.contains(key)
    let bytes = key.span.bytes
    func expect<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) {
      if found != expected {
        Issue.record("\(what) of \(key): \(found), not \(expected)", sourceLocation: sourceLocation)
      }
    }
    expect(try self.rank(of: bytes), rank, "rank")
    expect(try contains(bytes), isThere, "contains")
    expect(try value(for: bytes), isThere ? model.entries[rank].value : nil, "value")
    expect(try weight(of: bytes), isThere ? model.entries[rank].weight : nil, "weight")
    expect(try weight(before: bytes), model.weight(before: rank), "weight before")
    expect(try ceiling(bytes), rank < model.entries.count ? model.entries[rank] : nil, "ceiling")
    let behind = isThere ? rank + 1 : rank
    expect(try floor(bytes), behind > 0 ? model.entries[behind - 1] : nil, "floor")
    expect(try entry(before: bytes), rank > 0 ? model.entries[rank - 1] : nil, "before")
    expect(
      try entry(after: bytes), behind < model.entries.count ? model.entries[behind] : nil, "after")
  }

  /// Compares everything with the model.
  func checkAll(
    _ model: TreeModel, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(try count == model.entries.count, sourceLocation: sourceLocation)
    #expect(
      try totalWeight == model.weight(before: model.entries.count),
      sourceLocation: sourceLocation)
    let found = try entries(in: 0..<model.entries.count + 10)
    if found != model.entries {
      Issue.record("the entries are not those of the model", sourceLocation: sourceLocation)
    }
  }
}
