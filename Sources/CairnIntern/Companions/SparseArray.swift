/// An array with a value for each 64-bit index, most of which were never set: marks, row numbers.
///
/// Where indices lie close together a value takes its own size and a hundredth of that. Others take
/// some tens of bytes, wherever they lie: less than 64 each for values of four bytes, and 15 to 30 as
/// a rule. Reading takes a step for each 16-fold of the largest index beyond the first thousand, and
/// a search among 256 indices at most; writing moves these as well.
///
/// One owner at a time, who may hand it to another thread.
public struct SparseArray<Element: BitwiseCopyable>: ~Copyable {
  // Heights count the levels above blocks of values. What is set first where nothing was goes to a
  // group, in place of a block of any level. A group that would hold more than a quarter of a block's
  // values becomes a block: of values below all levels, else one of groups for the level below.
  @usableFromInline typealias Part = SparsePart<Element>

  @usableFromInline var root = Part.nothing
  /// The levels above blocks of values, if all indices so far were to be reached.
  @usableFromInline var height: UInt64 = 0
  @usableFromInline let unset: Element
  @usableFromInline var allocated = 0

  /// Makes an array in which nothing is set.
  ///
  /// - Parameter unset: what is read where nothing was set.
  public init(unset: Element) {
    self.unset = unset
  }

  deinit { Self.free(root, height) }

  /// The bytes of memory that the array takes.
  public var byteCount: Int { allocated }

  /// The value at an index.
  @inlinable
  public subscript(index: UInt64) -> Element {
    get {
      switch part(for: index) {
      case .nothing: return unset
      case .group(let group): return group.value(at: index) ?? unset
      case .block(let block): return Part.values(block)[Part.valueSlot(index)]
      }
    }
    set {
      if case .block(let block) = part(for: index) {
        Part.values(block)[Part.valueSlot(index)] = newValue
      } else {
        insert(newValue, at: index)
      }
    }
  }

  /// Forgets all values.
  public mutating func removeAll() {
    Self.free(root, height)
    root = .nothing
    height = 0
    allocated = 0
  }

  /// Calls `body` with each index that was set, and maybe some beside these, and its value, in
  /// ascending order.
  public func forEachInUse<Failure: Error>(
    _ body: (UInt64, Element) throws(Failure) -> Void
  ) throws(Failure) {
    try Self.visit(root, height, first: 0, body)
  }

  /// What holds the value of an index, or would have to.
  @inlinable
  func part(for index: UInt64) -> Part {
    var part = root
    var level = height
    if level < Part.height(reaching: index), case .block = part { return .nothing }
    while level > 0, case .block(let block) = part {
      part = Part.parts(block)[Part.slot(index, level)]
      level -= 1
    }
    return part
  }

  @inlinable
  mutating func insert(_ value: Element, at index: UInt64) {
    let needed = Part.height(reaching: index)
    while height < needed {
      height += 1
      guard case .block = root else { continue }
      let above = makeParts()
      above[0] = root
      root = .block(UnsafeMutableRawPointer(above))
    }
    root = inserting(value, at: index, into: root, height)
  }

  /// Sets a value in a part or what is to take its place, which is returned.
  @inlinable
  mutating func inserting(
    _ value: Element, at index: UInt64, into part: Part, _ level: UInt64
  ) -> Part {
    switch part {
    case .nothing:
      let group = makeGroup(1)
      group.insert(value, at: index, 0)
      return .group(group)
    case .group(let group):
      let place = group.place(of: index)
      if place < group.count, group.indices[place] == index {
        group.values[place] = value
        return part
      }
      if group.count == Part.groupLimit {
        return inserting(value, at: index, into: spread(group, level), level)
      }
      let roomy = group.count < group.capacity ? group : enlarged(group)
      roomy.insert(value, at: index, place)
      return .group(roomy)
    case .block(let block):
      if level == 0 {
        Part.values(block)[Part.valueSlot(index)] = value
      } else {
        let parts = Part.parts(block)
        let slot = Part.slot(index, level)
        parts[slot] = inserting(value, at: index, into: parts[slot], level - 1)
      }
      return part
    }
  }

  /// Makes a block of a level from a full group.
  @usableFromInline
  mutating func spread(_ group: SparseGroup<Element>, _ level: UInt64) -> Part {
    defer { free(group) }
    guard level > 0 else {
      let values = makeValues()
      for place in 0..<group.count {
        values[Part.valueSlot(group.indices[place])] = group.values[place]
      }
      return .block(UnsafeMutableRawPointer(values))
    }
    let parts = makeParts()
    var start = 0
    while start < group.count {
      let slot = Part.slot(group.indices[start], level)
      var end = start + 1
      while end < group.count, Part.slot(group.indices[end], level) == slot { end += 1 }
      let below = makeGroup(end - start)
      below.append(group, start..<end)
      parts[slot] = .group(below)
      start = end
    }
    return .block(UnsafeMutableRawPointer(parts))
  }

  @usableFromInline
  mutating func enlarged(_ group: SparseGroup<Element>) -> SparseGroup<Element> {
    let larger = makeGroup(min(group.capacity * 2, Part.groupLimit))
    larger.append(group, 0..<group.count)
    free(group)
    return larger
  }

  // MARK: Memory

  @usableFromInline
  mutating func makeGroup(_ capacity: Int) -> SparseGroup<Element> {
    let group = SparseGroup<Element>(capacity: max(capacity, 2))
    allocated += group.byteCount
    return group
  }

  private mutating func free(_ group: SparseGroup<Element>) {
    allocated -= group.byteCount
    group.start.deallocate()
  }

  private mutating func makeValues() -> UnsafeMutablePointer<Element> {
    let values = UnsafeMutablePointer<Element>.allocate(capacity: Part.valuesPerBlock)
    values.initialize(repeating: unset, count: Part.valuesPerBlock)
    allocated += MemoryLayout<Element>.stride * Part.valuesPerBlock
    return values
  }

  @usableFromInline
  mutating func makeParts() -> UnsafeMutablePointer<Part> {
    let parts = UnsafeMutablePointer<Part>.allocate(capacity: Part.partsPerBlock)
    parts.initialize(repeating: .nothing, count: Part.partsPerBlock)
    allocated += MemoryLayout<Part>.stride * Part.partsPerBlock
    return parts
  }

  // Fifteen levels at most, so recursion is no danger.
  private static func free(_ part: Part, _ level: UInt64) {
    switch part {
    case .nothing: break
    case .group(let group): group.start.deallocate()
    case .block(let block):
      if level > 0 {
        for slot in 0..<Part.partsPerBlock { free(Part.parts(block)[slot], level - 1) }
      }
      block.deallocate()
    }
  }

  private static func visit<Failure: Error>(
    _ part: Part, _ level: UInt64, first: UInt64,
    _ body: (UInt64, Element) throws(Failure) -> Void
  ) throws(Failure) {
    switch part {
    case .nothing: break
    case .group(let group):
      for place in 0..<group.count { try body(group.indices[place], group.values[place]) }
    case .block(let block) where level == 0:
      for slot in 0..<Part.valuesPerBlock {
        try body(first | UInt64(slot), Part.values(block)[slot])
      }
    case .block(let block):
      for slot in 0..<Part.partsPerBlock {
        let below = first | UInt64(slot) << Part.shift(level)
        try visit(Part.parts(block)[slot], level - 1, first: below, body)
      }
    }
  }
}

// Sendable: an array has one owner, who alone reaches the blocks that it points to.
extension SparseArray: @unchecked Sendable where Element: Sendable {}
