import CairnCore

/// Walks a tree, adds up what its pages hold, and compares.
///
/// Its methods throw only if the progress that they tell of ends them; what is wrong with the tree
/// goes into the report.
struct TreeVerifier {
  let root: TreeRoot
  let name: String?
  var report: TreeReport
  /// The pages seen so far, of all trees.
  private(set) var seen: PageSet
  var ticker: ProgressTicker
  /// The pages of long values; `nil` once some cannot be told.
  private var overflowPages: UInt64? = 0

  init(
    _ root: TreeRoot, name: String?, _ report: TreeReport, _ seen: PageSet, _ ticker: ProgressTicker
  ) {
    self.root = root
    self.name = name
    self.report = report
    self.seen = seen
    self.ticker = ticker
  }

  private struct Sums {
    var count: UInt64 = 0
    var weight: UInt64 = 0
  }

  mutating func run() throws(TreeError) {
    let record = root.record
    var sums = Sums()
    var isWhole = true
    if record.root != 0 {
      let found = try visit(
        record.root, level: record.level, newest: root.transaction, low: nil, high: nil)
      isWhole = found != nil
      sums = found ?? Sums(count: record.count, weight: record.weight)
    }
    if isWhole, let overflowPages, overflowPages != record.overflowPages {
      note(
        "its long values have \(overflowPages) pages; the catalogue says \(record.overflowPages)",
        nil)
    }
    if sums.count != record.count {
      note("it has \(sums.count) entries; the catalogue says \(record.count)", nil)
    }
    if sums.weight != record.weight {
      note("its weights add up to \(sums.weight); the catalogue says \(record.weight)", nil)
    }
    report.entries += sums.count
  }

  private mutating func note(_ message: String, _ page: UInt32?) {
    report.add(message, tree: name, page: page)
  }

  /// - Returns: `nil` if the page cannot be read, or not everything under it.
  private mutating func visit(
    _ number: UInt32, level: Int, newest: UInt64, low: [UInt8]?, high: [UInt8]?
  ) throws(TreeError) -> Sums? {
    try ticker.step()
    guard number < root.pageCount else {
      note(TreeError.stray(number).description, number)
      return nil
    }
    guard seen.insert(number) else {
      note("page \(number) is referred to twice", number)
      return nil
    }
    let pinned: PinnedPage
    do throws(TreeError) {
      pinned = try root.pin(number, level: level, newest: newest)
    } catch {
      note(error.description, number)
      return nil
    }
    defer { root.cache.unpin(pinned) }
    report.pages += 1
    if level == 0 { return try visitLeaf(LeafPage(pinned.base, root.layout), number, low, high) }
    return try visitInner(InnerPage(pinned.base, root.layout), number, level, low, high)
  }

  private mutating func visitLeaf(
    _ leaf: LeafPage, _ number: UInt32, _ low: [UInt8]?, _ high: [UInt8]?
  ) throws(TreeError) -> Sums {
    var sums = Sums()
    var previous: [UInt8]?
    for index in 0..<leaf.count {
      let key = leaf.key(index).array
      checkOrder(previous, key, number)
      if index == 0 { checkLow(low, key, number) }
      if index == leaf.count - 1 { checkHigh(key, high, number) }
      previous = key
      sums.count += 1
      if root.layout.isWeighted { sums.weight &+= leaf.weight(index) }
      if leaf.isOverflowing(index) { try visitOverflow(leaf, index) }
    }
    return sums
  }

  private mutating func visitOverflow(_ leaf: LeafPage, _ index: Int) throws(TreeError) {
    var pages: [UInt32] = []
    do throws(TreeError) {
      try root.forEachOverflow(leaf.value(index), of: leaf.page) { page, _ in
        pages.append(page.number)
      }
    } catch {
      note(error.description, error.page)
      overflowPages = nil
    }
    for page in pages where !seen.insert(page) {
      note("page \(page) is referred to twice", page)
    }
    report.pages += pages.count
    overflowPages? += UInt64(pages.count)
    try ticker.step(pages.count)
  }

  private mutating func visitInner(
    _ inner: InnerPage, _ number: UInt32, _ level: Int, _ low: [UInt8]?, _ high: [UInt8]?
  ) throws(TreeError) -> Sums? {
    var sums = Sums()
    var isWhole = true
    var childLow = low
    for index in 0..<inner.count {
      let childHigh = index + 1 < inner.count ? inner.key(index + 1).array : high
      if index > 1 { checkOrder(inner.key(index - 1).array, inner.key(index).array, number) }
      if index == 1 { checkLow(low, inner.key(1).array, number) }
      if index == inner.count - 1, index > 0 {
        checkHigh(inner.key(index).array, high, number)
      }
      let child = inner.child(index)
      guard
        let found = try visit(
          child, level: level - 1, newest: inner.page.transaction, low: childLow,
          high: childHigh)
      else {
        isWhole = false
        childLow = childHigh
        continue
      }
      if found.count != inner.entryCount(index) || found.weight != inner.weight(index) {
        note(
          "page \(number) says that there are \(inner.entryCount(index)) entries of weight "
            + "\(inner.weight(index)) under page \(child), where \(found.count) of weight "
            + "\(found.weight) are", number)
      }
      sums.count &+= found.count
      sums.weight &+= found.weight
      childLow = childHigh
    }
    return isWhole ? sums : nil
  }

  private mutating func checkOrder(_ first: [UInt8]?, _ second: [UInt8], _ page: UInt32) {
    if let first, !first.lexicographicallyPrecedes(second) {
      note("the keys of page \(page) are out of order", page)
    }
  }

  private mutating func checkLow(_ low: [UInt8]?, _ key: [UInt8], _ page: UInt32) {
    if let low, key.lexicographicallyPrecedes(low) {
      note("page \(page) has a key that belongs before it", page)
    }
  }

  private mutating func checkHigh(_ key: [UInt8], _ high: [UInt8]?, _ page: UInt32) {
    if let high, !key.lexicographicallyPrecedes(high) {
      note("page \(page) has a key that belongs behind it", page)
    }
  }
}
