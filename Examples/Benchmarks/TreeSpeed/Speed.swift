import CairnTree
import SystemPackage

/// All that is compared with other stores.
struct Speed {
  let entries: Int
  let directory: FilePath
  let cacheMiB: Int

  /// The number of entries of a transaction.
  static let batch = 100_000

  typealias Reader = TypedTree<ReadableTree, UInt64, UInt64>
  typealias Writer = TypedTree<WritableTree, UInt64, UInt64>

  func run() throws {
    try appending()
    try insertingRandomly()
    try insertingSortedBatches()
    report("peak-MiB", peakMemory)
  }

  private func open(_ name: String) throws -> (TreeStore, FilePath) {
    let path = directory.appending(name)
    let storage = try FileStorage(path, synchronizes: false)
    return (try TreeStore(on: storage, TreeStoreOptions(cacheBytes: cacheMiB << 20)), path)
  }

  /// Calls `body` with a tree and a range of numbers, a transaction for each.
  private func write(
    to store: TreeStore, _ body: (Writer, Range<Int>) throws -> Void
  ) throws {
    for start in stride(from: 0, to: entries, by: Self.batch) {
      let writing = try store.beginWriting()
      let tree = try writing.tree("t", creating: TreeOptions(for: UInt64.self, UInt64.self))
      try body(tree.typed(UInt64.self, UInt64.self), start..<min(entries, start + Self.batch))
      try writing.commit()
    }
  }

  private func reading(_ store: TreeStore) throws -> Reader {
    try store.beginReading().tree("t").typed(UInt64.self, UInt64.self)
  }

  private func rate(_ name: String, _ count: Int, _ watch: Stopwatch) {
    report(name, Double(count) / watch.seconds / 1e6)
  }

  private func size(_ name: String, _ path: FilePath) throws {
    let storage = try FileStorage(path, readOnly: true)
    report(name, Double(try storage.byteCount) / Double(entries))
  }

  private func appending() throws {
    var watch = Stopwatch()
    do {
      let (store, _) = try open("append")
      watch.start()
      try write(to: store) { tree, numbers in
        for number in numbers { try tree.append(UInt64(number), UInt64(number)) }
      }
      rate("append", entries, watch)
      try store.checkpoint()
      rate("append-checkpoint", entries, watch)
      let tree = try reading(store)
      try scan(tree, "scan")
      try lookUp(tree, "lookup") { UInt64(draw($0, below: entries)) }
    }
    try size("append-bytes", directory.appending("append"))
  }

  private func insertingRandomly() throws {
    var watch = Stopwatch()
    do {
      let (store, _) = try open("random")
      watch.start()
      try write(to: store) { tree, numbers in
        for number in numbers { try tree.put(scattered(UInt64(number)), UInt64(number)) }
      }
      rate("random-insert", entries, watch)
      try store.checkpoint()
      rate("random-insert-checkpoint", entries, watch)
      let tree = try reading(store)
      try lookUp(tree, "random-lookup") { scattered(UInt64(draw($0, below: entries))) }
      try scan(tree, "random-scan")
      try orderStatistics(tree)
      let compact = directory.appending("compact")
      watch.start()
      try store.copy(to: try FileStorage(compact, synchronizes: false))
      rate("compact", entries, watch)
      try size("compact-bytes", compact)
    }
    try size("random-bytes", directory.appending("random"))
  }

  private func insertingSortedBatches() throws {
    let (store, _) = try open("batches")
    var batch = TreeBatch()
    let watch = Stopwatch()
    try write(to: store) { tree, numbers in
      for number in numbers { batch.put(scattered(UInt64(number)), UInt64(number)) }
      try tree.base.apply(&batch)
    }
    rate("batch-insert", entries, watch)
  }

  // MARK: Reading

  private func lookUp(_ tree: Reader, _ name: String, _ key: (Int) -> UInt64) throws {
    let count = max(1_000_000, entries / 4)
    var sum: UInt64 = 0
    let watch = Stopwatch()
    for index in 0..<count {
      guard let value = try tree.value(for: key(index)) else { fail("a key is missing") }
      sum &+= value
    }
    rate(name, count, watch)
    keep(sum)
  }

  private func scan(_ tree: Reader, _ name: String) throws {
    var sum: UInt64 = 0
    let watch = Stopwatch()
    try tree.forEach(in: 0..<entries) { key, value in
      sum &+= key ^ value
      return true
    }
    rate(name, entries, watch)
    keep(sum)
  }

  private func orderStatistics(_ tree: Reader) throws {
    let count = max(1_000_000, entries / 4)
    var sum: UInt64 = 0
    var watch = Stopwatch()
    for index in 0..<count {
      guard let entry = try tree.entry(at: draw(index, below: entries)) else {
        fail("a rank is missing")
      }
      sum &+= entry.key
    }
    rate("select", count, watch)
    watch.start()
    for index in 0..<count {
      sum &+= UInt64(try tree.rank(of: scattered(UInt64(draw(index, below: entries)))))
    }
    rate("rank", count, watch)
    let first = min(700_503, entries - 20)
    watch.start()
    for _ in 0..<100_000 {
      try tree.forEach(in: first..<first + 20) { key, value in
        sum &+= key ^ value
        return true
      }
    }
    report("window-us", watch.seconds * 10)
    keep(sum)
  }
}

/// Something that the optimiser cannot leave out.
@inline(never)
func keep(_ value: UInt64) {
  if value == 0x1234_5678_9ABC_DEF0 { print("by chance") }
}
