#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Before a full leaf is split, it hands entries to a neighbour that has room. Leaves are so filled
/// to four fifths by random insertions, and not to two thirds as when each is split at once (R. Bayer
/// and E. McCreight, "Organization and Maintenance of Large Ordered Indexes", call it overflow).
///
/// Only neighbours that this transaction has made its own, and that are in the cache, are asked: no
/// page is read or written that would not be anyway.
extension TreeWriter {
  private struct Neighbour {
    let pinned: PinnedPage
    /// Which child of the parent it is.
    let index: Int
  }

  /// Inserts an entry into a full leaf, or into the neighbour that gets a part of it.
  ///
  /// - Precondition: entries have fixed widths, and nothing is pending.
  /// - Returns: false if no neighbour has enough room to be worth it; nothing has happened then.
  func spill(_ index: Int, _ key: Bytes, _ value: Bytes, _ weight: UInt64) -> Bool {
    guard depth > 1, let neighbour = emptierNeighbour() else { return false }
    defer { cache.unpin(neighbour.pinned) }
    let own = leaf
    let other = LeafPage(neighbour.pinned.base, layout)
    let ownIndex = path[depth - 2].index
    let isRight = neighbour.index > ownIndex
    let moved = (own.count - other.count) / 2
    let left = isRight ? own : other
    let right = isRight ? other : own
    let (oldCount, oldWeight) = (left.count, left.weightBefore(left.count))

    cache.markDirty(neighbour.pinned)
    let target: LeafPage
    let position: Int
    if isRight {
      let kept = own.count - moved
      (target, position) = index <= kept ? (own, index) : (other, index - kept)
      prepend(own, kept..<own.count, to: other)
      own.remove(kept..<own.count)
    } else {
      (target, position) = index < moved ? (other, other.count + index) : (own, index - moved)
      other.append(own, 0..<moved)
      own.remove(0..<moved)
    }
    target.insert(
      position, key, value, isOverflowing: false, weight: weight, scratch: context.scratch)
    record.count &+= 1
    record.weight &+= weight

    let parent = inner(depth - 2)
    let rightIndex = max(ownIndex, neighbour.index)
    let change = left.count - oldCount
    let weightChange = left.weightBefore(left.count) &- oldWeight
    parent.add(change, weightChange, to: rightIndex - 1)
    parent.add(1 - change, weight &- weightChange, to: rightIndex)
    parent.setKey(rightIndex, right.key(0))
    for step in 0..<depth - 2 { inner(step).add(1, weight, to: path[step].index) }
    truncatePath(to: 0)
    return true
  }

  private func prepend(_ source: LeafPage, _ range: Range<Int>, to target: LeafPage) {
    memcpy(context.scratch, target.base, layout.pageSize)
    let old = LeafPage(context.scratch, layout)
    target.clear()
    target.append(source, range)
    target.append(old, 0..<old.count)
  }

  /// The neighbour with fewer entries, if it has at least an eighth of a page less than the full leaf:
  /// what moves, half of that, pays for the moving.
  private func emptierNeighbour() -> Neighbour? {
    let ownIndex = path[depth - 2].index
    var best: Neighbour?
    for index in [ownIndex - 1, ownIndex + 1] {
      guard let neighbour = pinOwned(index) else { continue }
      let limit = best.map { $0.pinned.page.count - 1 } ?? layout.leafCapacity * 7 / 8
      guard neighbour.pinned.page.count <= limit, neighbour.pinned.page.count > 0 else {
        cache.unpin(neighbour.pinned)
        continue
      }
      if let best { cache.unpin(best.pinned) }
      best = neighbour
    }
    return best
  }

  private func pinOwned(_ index: Int) -> Neighbour? {
    let parent = inner(depth - 2)
    guard index >= 0, index < parent.count,
      let pinned = cache.pinIfCached(parent.child(index))
    else { return nil }
    let page = pinned.page
    guard page.transaction == context.transaction, page.kind == PageKind.leaf.rawValue,
      page.tree == record.id, page.layoutWord == record.layoutWord, page.number != leaf.page.number
    else {
      cache.unpin(pinned)
      return nil
    }
    return Neighbour(pinned: pinned, index: index)
  }
}
