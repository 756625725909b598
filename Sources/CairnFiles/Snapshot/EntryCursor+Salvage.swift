import CairnChunks

extension EntryCursor {
  /// Goes to the entry of a rank or, where the node that holds it cannot be read, to the first
  /// entry behind that node.
  ///
  /// - Parameter onLoss: told how many entries are passed over, and why.
  /// - Throws: if nothing of the tree can be read, or the failure is not one of the repository's
  ///   content.
  func seekReadable(
    toRank rank: UInt64, onLoss: (UInt64, ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    var rank = rank
    while true {
      do throws(ChunkStoreError) {
        return try seek(toRank: rank)
      } catch {
        rank = try passOver(error, from: rank, onLoss)
      }
    }
  }

  /// Goes to the next entry that can be read.
  func nextReadable(
    onLoss: (UInt64, ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    let rank = rank + 1
    do throws(ChunkStoreError) {
      return try next()
    } catch {
      try seekReadable(toRank: passOver(error, from: rank, onLoss), onLoss: onLoss)
    }
  }

  /// The rank behind the node that could not be read.
  private func passOver(
    _ error: ChunkStoreError, from rank: UInt64, _ onLoss: (UInt64, ChunkStoreError) -> Void
  ) throws(ChunkStoreError) -> UInt64 {
    let lost = ranksOfLastNode
    guard error.code == .damaged || error.code == .missing, lost.contains(rank),
      lost != 0..<tree.count
    else { throw error }
    onLoss(lost.upperBound - rank, error)
    return lost.upperBound
  }
}
