import CairnTree
import SystemPackage

/// Counts the pages that operations look at, read and write, in trees of growing size with a cache
/// of 16 MiB, and prints them as a table beside the bound. "Update" is one of 20,000 in a
/// transaction, "commit" a transaction of one update that is durable; of the pages that say which
/// pages are in use, and of the checkpoint itself, nothing is counted.
struct Pages {
  let directory: FilePath
  let largest: Int

  private static let cacheMiB = 16
  private static let operations = 20_000
  private static let commits = 500

  func run() throws {
    print(
      "| entries | depth | bound | lookup: seen | read | update: read | written "
        + "| commit: read | written |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    var entries = 10_000
    while entries <= largest {
      try measure(entries)
      entries *= 10
    }
  }

  private func measure(_ entries: Int) throws {
    let path = directory.appending("pages-\(entries)")
    let options = TreeStoreOptions(cacheBytes: Self.cacheMiB << 20)
    do {
      let store = try TreeStore(on: try FileStorage(path, synchronizes: false), options)
      for start in stride(from: 0, to: entries, by: Speed.batch) {
        try write(store) { tree in
          for number in start..<min(entries, start + Speed.batch) {
            try tree.append(UInt64(number), UInt64(number))
          }
        }
      }
      try store.checkpoint()
    }
    // Opened again: of a cache that holds all, every page is read once.
    let store = try TreeStore(on: try FileStorage(path, synchronizes: false), options)
    let tree = try store.beginReading().tree("t").typed(UInt64.self, UInt64.self)
    for index in 0..<Self.operations { try lookUp(tree, index, entries) }
    let before = try store.statistics()
    for index in 0..<Self.operations { try lookUp(tree, Self.operations + index, entries) }
    let afterLookups = try store.statistics()
    // One by one in one transaction, durable at its end.
    try write(store) { tree in
      for index in 0..<Self.operations {
        try tree.put(UInt64(draw(2 * Self.operations + index, below: entries)), 1)
      }
    }
    try store.checkpoint()
    let afterUpdates = try store.statistics()

    for index in 0..<Self.commits {
      try write(store) { tree in
        try tree.put(UInt64(draw(3 * Self.operations + index, below: entries)), 2)
      }
      try store.checkpoint()
    }
    let afterCommits = try store.statistics()

    func each(_ count: UInt64, of operations: Int) -> String {
      text(Double(count) / Double(operations))
    }
    let seen =
      afterLookups.cacheHits + afterLookups.cacheMisses - before.cacheHits - before.cacheMisses
    let cells = [
      String(entries), String(try tree.base.statistics().depth),
      text(bound(entries, before.pageSize)), each(seen, of: Self.operations),
      each(afterLookups.pagesRead - before.pagesRead, of: Self.operations),
      each(afterUpdates.pagesRead - afterLookups.pagesRead, of: Self.operations),
      each(afterUpdates.pagesWritten - afterLookups.pagesWritten, of: Self.operations),
      each(afterCommits.pagesRead - afterUpdates.pagesRead, of: Self.commits),
      each(afterCommits.pagesWritten - afterUpdates.pagesWritten, of: Self.commits),
    ]
    print("| " + cells.joined(separator: " | ") + " |")
  }

  /// The logarithm of the number of entries to the base of those in a full leaf.
  private func bound(_ entries: Int, _ pageSize: Int) -> Double {
    let perLeaf = (pageSize - 48) / 16
    return logarithm(Double(entries)) / logarithm(Double(perLeaf))
  }

  private func write(
    _ store: TreeStore, _ body: (Speed.Writer) throws -> Void
  ) throws {
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions(for: UInt64.self, UInt64.self))
    try body(tree.typed(UInt64.self, UInt64.self))
    try writing.commit()
  }

  private func lookUp(_ tree: Speed.Reader, _ index: Int, _ entries: Int) throws {
    let key = UInt64(draw(index, below: entries))
    guard try tree.value(for: key) == key else { fail("a key is missing") }
  }
}
