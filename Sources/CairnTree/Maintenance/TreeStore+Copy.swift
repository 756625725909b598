public import CairnCore

extension TreeStore {
  /// Copies all trees, as published last, into an empty storage: compactly, every page full, and
  /// durable when this returns. Readers and the one who writes go on meanwhile. Long values pass
  /// through memory page by page.
  ///
  /// - Parameter progress: told of the entries that were copied. If it throws, the storage holds no
  ///   tree.
  /// - Throws: ``TreeError``: `.exists` if the storage holds trees already, `.cancelled`.
  public func copy(
    to storage: any PageStorage, progress: any ProgressReporter = NoProgress()
  ) throws(TreeError) {
    let reader = try beginReading()
    let options = TreeStoreOptions(pageSize: core.cache.pageSize, cacheBytes: 4 << 20)
    let target = try TreeStore(on: storage, options)
    guard try target.beginReading().treeNames.isEmpty else {
      throw TreeError(.exists, "there are trees in the storage already; copy to an empty one")
    }
    let names = try reader.treeNames
    var total = 0
    for name in names { total += try reader.tree(name).count }
    var ticker = ProgressTicker(progress, "copy", unit: "entries", total: total, bytesPerStep: 0)
    let writing = try target.beginWriting()
    for name in names {
      let source = try reader.tree(name)
      let copy = try writing.tree(name, creating: source.options)
      try source.root.forEachRun(0..<(try source.count)) { (leaf, entries) throws(TreeError) in
        for index in entries { try copy.put(entry: index, of: leaf, in: source) }
        try ticker.step(entries.count)
        return true
      }
    }
    try writing.commit(.checkpoint)
    ticker.finish()
  }
}

extension WritableTree {
  fileprivate func put(
    entry index: Int, of leaf: LeafPage, in source: ReadableTree
  ) throws(TreeError) {
    let key = leaf.key(index)
    let span = RawSpan(_unsafeStart: key.base, byteCount: key.count)
    let weight = leaf.layout.isWeighted ? leaf.weight(index) : 0
    if leaf.isOverflowing(index), var reader = try source.valueReader(for: span) {
      try put(span, from: &reader, weight: weight)
    } else {
      let value = leaf.value(index)
      try put(span, RawSpan(_unsafeStart: value.base, byteCount: value.count), weight: weight)
    }
  }
}
