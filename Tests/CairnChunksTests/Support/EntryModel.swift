import CairnChunks

/// Sorted entries with prefix sums: what an ``EntryTree`` must say.
struct EntryModel: Sendable {
  let entries: [Entry]
  /// The weight before each entry, and at the end that of all.
  let weights: [UInt64]

  init(_ entries: [Entry]) {
    self.entries = entries
    weights = entries.reduce(into: [0]) { $0.append($0.last! + $1.weight) }
  }

  /// Entries of all kinds: keys with common prefixes and long ones, empty values, links, no weight.
  static func random(count: Int, seed: UInt64) -> EntryModel {
    var random = SeededRandom(seed)
    var entries: [[UInt8]: Entry] = [:]
    while entries.count < count {
      let folder = "folder \(random.next() % 20)/"
      var key = Array(folder.utf8) + random.bytes(Int(random.next() % 12))
      if random.next() % 100 == 0 { key += random.bytes(3000) }
      if random.next() % 200 == 0 { key = [] }
      let isHeavy = random.next() % 4 != 0
      entries[key] = Entry(
        key: key, value: random.bytes(Int(random.next() % 60)),
        weight: isHeavy ? random.next() % 1000 : 0)
    }
    return EntryModel(entries.values.sorted { $0.key.lexicographicallyPrecedes($1.key) })
  }

  func with(_ change: (inout [Entry]) -> Void) -> EntryModel {
    var changed = entries
    change(&changed)
    return EntryModel(changed)
  }

  /// The rank of the first entry whose key is `key` or greater.
  func rank(of key: [UInt8]) -> Int {
    entries.firstIndex { !$0.key.lexicographicallyPrecedes(key) } ?? entries.count
  }

  /// The rank of the first entry that reaches beyond `weight`.
  func rank(ofWeight weight: UInt64) -> Int {
    entries.indices.first { weights[$0 + 1] > weight } ?? entries.count
  }
}
