/// Compares two sorted trees in the size of their difference: equal subtrees are skipped unread.
package final class EntryDifference {
  package let old: EntryCursor
  package let new: EntryCursor
  private var state = State.start

  private enum State {
    case start, between
    /// The cursors stand at a key whose entries are dealt with.
    case at(Change)
  }

  /// - Precondition: the cursors are of the two trees and belong to this value alone.
  package init(from old: EntryCursor, to new: EntryCursor) {
    self.old = old
    self.new = new
  }

  /// What became of a key.
  package enum Change {
    case added, removed, changed
  }

  /// Goes to the next key, in order, whose entry is not the same in both; `nil` at the end. The
  /// cursors stand at the entries that exist.
  package func next() throws(ChunkStoreError) -> Change? {
    try leave()
    while old.isValid || new.isValid {
      if let level = commonSubtree() {
        let count = zip(old.siblings(level: level), new.siblings(level: level))
          .prefix { $0 == $1 }.count
        try old.skipSubtrees(level: level, count: count)
        try new.skipSubtrees(level: level, count: count)
        continue
      }
      let order = !old.isValid ? 1 : !new.isValid ? -1 : compare()
      state = .at(order < 0 ? .removed : order > 0 ? .added : .changed)
      if case .at(let change) = state, order != 0 || !isSame() { return change }
      try leave()
    }
    return nil
  }

  /// Goes on from the key where both stand.
  private func leave() throws(ChunkStoreError) {
    switch state {
    case .start:
      try old.seekToStart()
      try new.seekToStart()
    case .at(let change):
      if change != .added { try old.next() }
      if change != .removed { try new.next() }
    case .between:
      break
    }
    state = .between
  }

  /// Calls `body` for every key whose entry is not the same in both, in order; the cursors stand at
  /// the entries that exist.
  package func forEach(
    _ body: (Change, _ old: EntryCursor, _ new: EntryCursor) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    while let change = try next() { try body(change, old, new) }
  }

  /// The highest level at which both stand at the beginning of the same subtree.
  private func commonSubtree() -> Int? {
    var limit = min(old.tree.height, new.tree.height)
    while limit >= 0, let left = old.subtree(upTo: limit), let right = new.subtree(upTo: limit) {
      if left.level == right.level, left.id == right.id { return left.level }
      limit = left.level == right.level ? left.level - 1 : min(left.level, right.level)
    }
    return nil
  }

  private func compare() -> Int {
    old.withKey { left in
      new.withKey { right in
        let common = commonPrefix(left, right)
        if common == left.count { return common == right.count ? 0 : -1 }
        if common == right.count { return 1 }
        return left[common] < right[common] ? -1 : 1
      }
    }
  }

  private func isSame() -> Bool {
    old.weight == new.weight
      && old.withEntry { oldValue, oldLinks in
        new.withEntry { newValue, newLinks in
          oldValue.elementsEqual(newValue) && oldLinks.elementsEqual(newLinks)
        }
      }
  }
}
