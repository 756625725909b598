import CairnTree
import SystemPackage

/// A tree that is larger than its cache: loaded, changed and looked at in bounded memory.
struct Memory {
  let entries: Int
  let directory: FilePath
  let cacheMiB: Int

  private static let operations = 1_000_000

  func run() throws {
    let path = directory.appending("memory")
    let storage = try FileStorage(path, synchronizes: false)
    let store = try TreeStore(on: storage, TreeStoreOptions(cacheBytes: cacheMiB << 20))
    try measure("load", entries) { try load(store) }
    report("load-bytes", Double(try storage.byteCount) / Double(entries))
    try measure("lookup", Self.operations) { try lookUp(store) }
    try measure("update", Self.operations) { try update(store) }
    try measure("scan", entries) { try scan(store) }
    report("bytes", Double(try storage.byteCount) / Double(entries))
  }

  private func measure(_ name: String, _ count: Int, _ body: () throws -> Void) throws {
    let watch = Stopwatch()
    try body()
    report(name, Double(count) / watch.seconds / 1e6)
    report("\(name)-peak-MiB", peakMemory)
  }

  private func load(_ store: TreeStore) throws {
    for start in stride(from: 0, to: entries, by: Speed.batch) {
      let writing = try store.beginWriting()
      let tree = try writing.tree("t", creating: TreeOptions(for: UInt64.self, UInt64.self))
        .typed(UInt64.self, UInt64.self)
      for number in start..<min(entries, start + Speed.batch) {
        try tree.put(UInt64(number), UInt64(number))
      }
      try writing.commit()
    }
    try store.checkpoint()
  }

  private func lookUp(_ store: TreeStore) throws {
    let tree = try store.beginReading().tree("t").typed(UInt64.self, UInt64.self)
    for index in 0..<Self.operations {
      let key = UInt64(draw(index, below: entries))
      guard try tree.value(for: key) == key else { fail("a key is missing") }
    }
  }

  private func update(_ store: TreeStore) throws {
    for start in stride(from: 0, to: Self.operations, by: Speed.batch) {
      let writing = try store.beginWriting()
      let tree = try writing.tree("t").typed(UInt64.self, UInt64.self)
      for index in start..<start + Speed.batch {
        let key = UInt64(draw(index, below: entries))
        try tree.put(key, key)
      }
      try writing.commit()
    }
    try store.checkpoint()
  }

  private func scan(_ store: TreeStore) throws {
    let tree = try store.beginReading().tree("t").typed(UInt64.self, UInt64.self)
    var sum: UInt64 = 0
    try tree.forEach(in: 0..<entries) { key, value in
      sum &+= key ^ value
      return true
    }
    guard sum == 0 else { fail("the entries are not those that were stored") }
  }
}
