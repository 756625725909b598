/// What the trees that one transaction writes have in common.
final class WriteContext {
  let cache: PageCache
  var space: Space
  /// The number of the transaction that is open, larger than all before it.
  var transaction: UInt64 = 0
  /// A page's worth of memory to rearrange pages in.
  let scratch: UnsafeMutableRawPointer
  var pageSize: Int { cache.pageSize }

  init(_ cache: PageCache, _ space: Space) {
    self.cache = cache
    self.space = space
    scratch = .allocate(byteCount: cache.pageSize, alignment: 64)
  }

  deinit { scratch.deallocate() }

  /// A new, empty page.
  func make(
    _ kind: PageKind, level: Int, of tree: TreeRecord
  ) throws(TreeError) -> PinnedPage {
    let number = try space.take()
    let pinned = try cache.pinNew(number)
    pinned.page.format(
      kind, number: number, tree: tree.id, level: level, layoutWord: tree.layoutWord,
      transaction: transaction, pageSize: pageSize)
    return pinned
  }

  /// Gives up a page that is not pinned any more.
  func free(_ number: UInt32, birth: UInt64) {
    // Somebody who changes a tree while he is lent a page of it keeps that page.
    if birth == transaction, cache.forget(number) {
      space.giveBack(number)
    } else {
      space.giveUp(number, birth: birth)
    }
  }
}
