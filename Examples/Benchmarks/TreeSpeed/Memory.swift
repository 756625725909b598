import CairnTree
import SystemPackage

/// A tree that is larger than its cache: loaded, changed and looked at in bounded memory.
struct Memory {
  let entries: Int
  let directory: FilePath
  let cacheMiB: Int

  func run() throws {
    let storage = try FileStorage(directory.appending("memory"), synchronizes: false)
    let store = try TreeStore(on: storage, TreeStoreOptions(cacheBytes: cacheMiB << 20))
    var watch = Stopwatch()
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
    report("load", Double(entries) / watch.seconds / 1e6)
    report("load-peak-MiB", peakMemory)

    let tree = try store.beginReading().tree("t").typed(UInt64.self, UInt64.self)
    let count = 1_000_000
    watch.start()
    for index in 0..<count {
      let key = UInt64(draw(index, below: entries))
      guard try tree.value(for: key) == key else { fail("a key is missing") }
    }
    report("lookup", Double(count) / watch.seconds / 1e6)
    report("lookup-peak-MiB", peakMemory)

    watch.start()
    for start in stride(from: 0, to: count, by: Speed.batch) {
      let writing = try store.beginWriting()
      let tree = try writing.tree("t").typed(UInt64.self, UInt64.self)
      for index in start..<start + Speed.batch {
        let key = UInt64(draw(index, below: entries))
        try tree.put(key, key)
      }
      try writing.commit()
    }
    try store.checkpoint()
    report("update", Double(count) / watch.seconds / 1e6)
    report("update-peak-MiB", peakMemory)

    var sum: UInt64 = 0
    watch.start()
    let now = try store.beginReading().tree("t").typed(UInt64.self, UInt64.self)
    try now.forEach(in: 0..<entries) { key, value in
      sum &+= key ^ value
      return true
    }
    guard sum == 0 else { fail("the entries are not those that were stored") }
    report("scan", Double(entries) / watch.seconds / 1e6)
    report("peak-MiB", peakMemory)
  }
}
