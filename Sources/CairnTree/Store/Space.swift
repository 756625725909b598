/// Which pages are free, and which will be.
///
/// A page that a transaction takes out of the tree is used again when no reader can see it, and,
/// if it was part of a checkpoint, when neither the last checkpoint nor the one before it has it.
struct Space {
  /// Pages that were given up together.
  private struct Held {
    /// The first transaction that does without them.
    let transaction: UInt64
    let areInCheckpoint: Bool
    var pages: [UInt32]
  }

  private(set) var free = PageSet()
  /// The pages of the file and those that will be appended to it.
  private(set) var pageCount: UInt32 = 2
  private var held: [Held] = []

  /// What the open transaction has taken and given up.
  private var taken: [UInt32] = []
  private var givenUp: [(page: UInt32, birth: UInt64)] = []

  init() {}

  /// - Parameter used: the pages of the newest checkpoint.
  /// - Parameter usedBefore: those of the one before.
  init(
    pageCount: UInt32, used: PageSet, usedBefore: PageSet, checkpoint: UInt64
  ) {
    self.pageCount = pageCount
    var old: [UInt32] = []
    for number in 2..<max(2, pageCount) where !used.contains(number) {
      if usedBefore.contains(number) { old.append(number) } else { free.insert(number) }
    }
    if !old.isEmpty {
      held.append(Held(transaction: checkpoint, areInCheckpoint: true, pages: old))
    }
  }

  mutating func take() throws(TreeError) -> UInt32 {
    if let number = free.popFirst() {
      taken.append(number)
      return number
    }
    guard pageCount < .max else {
      throw .invalid("the file has as many pages as there can be; use larger pages")
    }
    pageCount += 1
    taken.append(pageCount - 1)
    return pageCount - 1
  }

  /// Gives up a page that an earlier transaction wrote.
  mutating func giveUp(_ number: UInt32, birth: UInt64) {
    givenUp.append((number, birth))
  }

  /// Gives back a page that this transaction took.
  mutating func giveBack(_ number: UInt32) {
    free.insert(number)
  }

  /// The transaction has happened.
  mutating func publish(_ transaction: UInt64, lastCheckpoint: UInt64) {
    taken.removeAll(keepingCapacity: true)
    for areInCheckpoint in [false, true] {
      let pages = givenUp.filter { ($0.birth <= lastCheckpoint) == areInCheckpoint }.map(\.page)
      guard !pages.isEmpty else { continue }
      held.append(Held(transaction: transaction, areInCheckpoint: areInCheckpoint, pages: pages))
    }
    givenUp.removeAll(keepingCapacity: true)
  }

  /// The transaction has not happened.
  ///
  /// - Returns: the pages that it took, which are free again.
  mutating func rollBack() -> [UInt32] {
    let pages = taken
    for number in pages { free.insert(number) }
    taken.removeAll()
    givenUp.removeAll()
    return pages
  }

  /// Makes pages free that nobody can see any more.
  mutating func reclaim(oldestReader: UInt64, previousCheckpoint: UInt64) {
    var kept: [Held] = []
    for group in held {
      if group.transaction <= oldestReader,
        !group.areInCheckpoint || group.transaction <= previousCheckpoint
      {
        for number in group.pages { free.insert(number) }
      } else {
        kept.append(group)
      }
    }
    held = kept
  }

  /// The pages that the newest snapshot consists of, those with the store's own pages included.
  var used: PageSet {
    var unused = free
    for group in held { for number in group.pages { unused.insert(number) } }
    var used = PageSet()
    for number in 2..<max(2, pageCount) where !unused.contains(number) { used.insert(number) }
    return used
  }

  var heldCount: Int { held.reduce(0) { $0 + $1.pages.count } }
}
