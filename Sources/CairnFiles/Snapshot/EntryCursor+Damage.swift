import CairnChunks

extension EntryCursor {
  /// The rank of the first entry that can be read behind a run that cannot, or the number of entries.
  ///
  /// A lost node does not tell how many entries it held, so they are tried, in growing steps at
  /// first. A sound entry between two lost nodes may be passed over.
  ///
  /// - Parameter rank: an entry that cannot be read.
  func rankBehindDamage(from rank: UInt64) throws(ChunkStoreError) -> UInt64 {
    var lost = rank
    var step: UInt64 = 1
    while try !isReadable(lost + step) {
      lost += step
      step *= 2
    }
    var readable = lost + step
    while readable - lost > 1 {
      let middle = lost + (readable - lost) / 2
      if try isReadable(middle) { readable = middle } else { lost = middle }
    }
    return min(readable, tree.count)
  }

  private func isReadable(_ rank: UInt64) throws(ChunkStoreError) -> Bool {
    guard rank < tree.count else { return true }
    do throws(ChunkStoreError) {
      try seek(toRank: rank)
      return true
    } catch {
      guard error.isAboutBlob else { throw error }
      return false
    }
  }
}
