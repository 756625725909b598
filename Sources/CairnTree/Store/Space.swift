/// Which pages are free, and which will be.
///
/// A page that a transaction takes out of the tree is used again when no reader can see it, and,
/// if it was part of a checkpoint, when neither the last checkpoint nor the one before it has it.
struct Space {
  /// Pages that were given up together.
  private struct Held {
    /// The first transaction that does without them.
    let transaction: UInt64
    var pages: [UInt32]
  }

  /// Pages that wait, in the order in which they were given up.
  private struct Queue {
    private var groups: [Held] = []
    /// Those in front of it are done with.
    private var first = 0
    private(set) var pageCount = 0

    mutating func append(_ group: Held) {
      guard !group.pages.isEmpty else { return }
      groups.append(group)
      pageCount += group.pages.count
    }

    /// Takes those pages out that transactions up to this one do without.
    mutating func release(upTo transaction: UInt64, _ body: (UInt32) -> Void) {
      while first < groups.count, groups[first].transaction <= transaction {
        for page in groups[first].pages { body(page) }
        pageCount -= groups[first].pages.count
        groups[first].pages = []
        first += 1
      }
      if first * 2 >= groups.count {
        groups.removeFirst(first)
        first = 0
      }
    }

    func forEach(_ body: (UInt32) -> Void) {
      for group in groups[first...] { for page in group.pages { body(page) } }
    }
  }

  private(set) var free = PageSet()
  /// The pages of the file and those that will be appended to it.
  private(set) var pageCount = MetaPage.firstPage
  /// Of the last checkpoint or the one before.
  private var heldByCheckpoints = Queue()
  /// Of readers alone.
  private var heldByReaders = Queue()

  /// What the open transaction has taken and given up.
  private var taken: [UInt32] = []
  private var givenUp: [(page: UInt32, birth: UInt64)] = []

  init() {}

  /// - Parameters:
  ///   - pageCount: the pages of the newest checkpoint, and of what else somebody may be reading.
  ///   - used: the pages of the newest checkpoint.
  ///   - usedBefore: those of the one before.
  ///   - transaction: the last of the newest checkpoint.
  ///   - firstToReuse: the first transaction whose readers see none of all other pages, if they are
  ///     not free yet.
  init(
    pageCount: UInt32, used: PageSet, usedBefore: PageSet, transaction: UInt64,
    firstToReuse: UInt64?
  ) {
    self.pageCount = pageCount
    var (old, unknown) = ([UInt32](), [UInt32]())
    for number in MetaPage.firstPage..<max(MetaPage.firstPage, pageCount)
    where !used.contains(number) {
      if usedBefore.contains(number) {
        old.append(number)
      } else if firstToReuse != nil {
        unknown.append(number)
      } else {
        free.insert(number)
      }
    }
    heldByCheckpoints.append(Held(transaction: firstToReuse ?? transaction, pages: old))
    heldByReaders.append(Held(transaction: firstToReuse ?? transaction, pages: unknown))
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
    var (ofCheckpoints, others) = ([UInt32](), [UInt32]())
    for (page, birth) in givenUp {
      if birth <= lastCheckpoint { ofCheckpoints.append(page) } else { others.append(page) }
    }
    heldByCheckpoints.append(Held(transaction: transaction, pages: ofCheckpoints))
    heldByReaders.append(Held(transaction: transaction, pages: others))
    givenUp.removeAll(keepingCapacity: true)
  }

  /// The transaction has not happened.
  ///
  /// - Parameter seenUntil: the first transaction whose readers see none of its pages, if somebody
  ///   may have seen it.
  /// - Returns: the pages that it took, which are free again if nobody has seen it.
  mutating func rollBack(seenUntil transaction: UInt64?) -> [UInt32] {
    let pages = taken
    if let transaction {
      var seen = PageSet()
      for number in pages where !free.contains(number) { seen.insert(number) }
      var held: [UInt32] = []
      seen.forEach { held.append($0) }
      heldByReaders.append(Held(transaction: transaction, pages: held))
    } else {
      for number in pages { free.insert(number) }
    }
    taken.removeAll()
    givenUp.removeAll()
    return pages
  }

  /// Makes pages free that nobody can see any more.
  mutating func reclaim(oldestReader: UInt64, previousCheckpoint: UInt64) {
    var freed = PageSet()
    swap(&freed, &free)
    heldByReaders.release(upTo: oldestReader) { freed.insert($0) }
    heldByCheckpoints.release(upTo: min(oldestReader, previousCheckpoint)) { freed.insert($0) }
    swap(&freed, &free)
  }

  /// Takes the free pages at the end out of the file.
  ///
  /// - Returns: their numbers.
  mutating func cutEnd() -> Range<UInt32> {
    let end = pageCount
    while pageCount > MetaPage.firstPage, free.remove(pageCount - 1) { pageCount -= 1 }
    return pageCount..<end
  }

  /// The pages that the newest snapshot consists of, those with the store's own pages included.
  var used: PageSet {
    var unused = free
    heldByReaders.forEach { unused.insert($0) }
    heldByCheckpoints.forEach { unused.insert($0) }
    var used = PageSet()
    for number in MetaPage.firstPage..<max(MetaPage.firstPage, pageCount)
    where !unused.contains(number) { used.insert(number) }
    return used
  }

  var heldCount: Int { heldByReaders.pageCount + heldByCheckpoints.pageCount }
}
