import CairnCore

/// What a store that only reads does to see what another one writes.
extension StoreCore {
  /// Makes the newest commit the visible one, and keeps the writer from using its pages again.
  ///
  /// The caller counts himself as its reader.
  func follow(_ neighbours: Neighbours, _ visible: inout Visible) throws(TreeError) {
    // Some reader's lock comes first; what is the newest afterwards cannot go away any more.
    var guardian: UInt64?
    if visible.readers.isEmpty {
      let transaction = try newest(neighbours).transaction
      try neighbours.lockForReading(transaction)
      guardian = transaction
    }
    do throws(TreeError) {
      let newest = try newest(neighbours)
      if newest.transaction != guardian, visible.readers[newest.transaction] == nil {
        try neighbours.lockForReading(newest.transaction)
      }
      if let transaction = guardian, transaction != newest.transaction {
        neighbours.unlockForReading(transaction)
      }
      // A checkpoint may be published, and outlives that.
      visible.snapshot.isPublication = newest.isPublication
      if newest.transaction != visible.snapshot.transaction {
        visible.snapshot = newest
        // A page may hold something else by now, under the same number.
        visible.cache = try PageCache(
          storage, pageSize: visible.cache.pageSize, budget: cacheBytes,
          counters: visible.cache.counters)
      }
    } catch {
      if let guardian { neighbours.unlockForReading(guardian) }
      throw error
    }
  }

  /// What was published last by a writer who lives, or else the last checkpoint.
  private func newest(_ neighbours: Neighbours) throws(TreeError) -> Snapshot {
    let pageSize = writing.checkpoint.pageSize
    // It is torn while it is being written, which takes a moment.
    var attemptsLeft = 1000
    while attemptsLeft > 0, try neighbours.isPublishing() {
      if case .sound(let publication) = try Publication.read(storage, pageSize: pageSize) {
        try Recovery.checkLength(
          pageCount: publication.pageCount, pageSize: pageSize, storage)
        return Snapshot(publication)
      }
      attemptsLeft -= 1
    }
    return Snapshot(try Recovery.newest(storage, pageSize: pageSize))
  }
}
