extension TreeStore {
  /// Copies all trees, as published last, into an empty storage: compactly, every page full, and
  /// durable when this returns. Readers and the one who writes go on meanwhile.
  ///
  /// - Throws: ``TreeError``: `.exists` if the storage holds trees already.
  public func copy(to storage: any PageStorage) throws(TreeError) {
    let reader = try beginReading()
    let options = TreeStoreOptions(pageSize: core.cache.pageSize, cacheBytes: 4 << 20)
    let target = try TreeStore(on: storage, options)
    guard try target.beginReading().treeNames.isEmpty else {
      throw TreeError(.exists, "there are trees in the storage already; copy to an empty one")
    }
    let writing = try target.beginWriting()
    for name in try reader.treeNames {
      let source = try reader.tree(name)
      let copy = try writing.tree(name, creating: source.options)
      try source.root.forEachRun(0..<(try source.count)) { (leaf, entries) throws(TreeError) in
        for index in entries {
          let weight = source.root.layout.isWeighted ? leaf.weight(index) : 0
          let value = try source.root.value(leaf, index)
          _ = try value.span.bytes.lend { (value) throws(TreeError) in
            try copy.writer.put(leaf.key(index), value, weight: weight, .insertOrUpdate)
          }
        }
        return true
      }
    }
    try writing.commit(.checkpoint)
  }
}
