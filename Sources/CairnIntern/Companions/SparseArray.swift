/// An array with a value for each 64-bit index, most of which were never set: marks, row numbers.
///
/// Values lie in blocks of 1,024, which are there where one of them was set, below a tree of blocks
/// that lead to them: where indices lie close together a value takes its own size and a hundredth of
/// a byte, and gaps cost nothing. Reading takes a step for each 512-fold of the largest index beyond
/// the first thousand.
///
/// One owner at a time, who may hand it to another thread.
public struct SparseArray<Element: BitwiseCopyable>: ~Copyable {
  // Heights count the levels of blocks above those of values. A block of pointers holds `nil` where
  // nothing was set.
  @usableFromInline typealias Values = UnsafeMutablePointer<Element>
  @usableFromInline typealias Pointers = UnsafeMutablePointer<UnsafeMutableRawPointer?>

  @inlinable static var valueBits: UInt64 { 10 }
  @inlinable static var pointerBits: UInt64 { 9 }

  @usableFromInline var root: UnsafeMutableRawPointer?
  @usableFromInline var height: UInt64 = 0
  @usableFromInline let unset: Element
  /// The bytes that the blocks take.
  public private(set) var byteCount = 0

  /// Makes an array in which nothing is set.
  ///
  /// - Parameter unset: what is read where nothing was set.
  public init(unset: Element) {
    self.unset = unset
  }

  deinit {
    if let root { Self.free(root, height) }
  }

  /// The value at an index.
  @inlinable
  public subscript(index: UInt64) -> Element {
    get {
      guard let block = block(for: index) else { return unset }
      return Self.values(block)[Int(index & (1 << Self.valueBits - 1))]
    }
    set {
      let block = block(for: index) ?? makeBlock(for: index)
      Self.values(block)[Int(index & (1 << Self.valueBits - 1))] = newValue
    }
  }

  /// Forgets all values.
  public mutating func removeAll() {
    if let root { Self.free(root, height) }
    root = nil
    height = 0
    byteCount = 0
  }

  /// Calls `body` with each index of a block in which something was set, and its value, in ascending
  /// order.
  public func forEachInUse<Failure: Error>(
    _ body: (UInt64, Element) throws(Failure) -> Void
  ) throws(Failure) {
    guard let root else { return }
    try Self.visit(root, height, first: 0, body)
  }

  @inlinable
  func block(for index: UInt64) -> UnsafeMutableRawPointer? {
    guard Self.reaches(index, height) else { return nil }
    var block = root
    var level = height
    while level > 0, let above = block {
      block = Self.pointers(above)[Self.slot(index, level)]
      level -= 1
    }
    return block
  }

  @inlinable
  static func reaches(_ index: UInt64, _ height: UInt64) -> Bool {
    let bits = valueBits + pointerBits * height
    return bits >= 64 || index >> bits == 0
  }

  @inlinable
  static func slot(_ index: UInt64, _ level: UInt64) -> Int {
    Int(index >> (valueBits + pointerBits * (level - 1)) & (1 << pointerBits - 1))
  }

  @inlinable
  static func values(_ block: UnsafeMutableRawPointer) -> Values {
    block.assumingMemoryBound(to: Element.self)
  }

  @inlinable
  static func pointers(_ block: UnsafeMutableRawPointer) -> Pointers {
    block.assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
  }

  @usableFromInline
  mutating func makeBlock(for index: UInt64) -> UnsafeMutableRawPointer {
    if root == nil {
      while !Self.reaches(index, height) { height += 1 }
    }
    var block = root ?? makeBlock(at: height)
    root = block
    while !Self.reaches(index, height) {
      height += 1
      let above = makeBlock(at: height)
      Self.pointers(above)[0] = block
      block = above
      root = above
    }
    var level = height
    while level > 0 {
      let slot = Self.slot(index, level)
      level -= 1
      let next = Self.pointers(block)[slot] ?? makeBlock(at: level)
      Self.pointers(block)[slot] = next
      block = next
    }
    return block
  }

  private mutating func makeBlock(at level: UInt64) -> UnsafeMutableRawPointer {
    if level == 0 {
      let values = Values.allocate(capacity: 1 << Int(Self.valueBits))
      values.initialize(repeating: unset, count: 1 << Int(Self.valueBits))
      byteCount += MemoryLayout<Element>.stride << Int(Self.valueBits)
      return UnsafeMutableRawPointer(values)
    }
    let pointers = Pointers.allocate(capacity: 1 << Int(Self.pointerBits))
    pointers.initialize(repeating: nil, count: 1 << Int(Self.pointerBits))
    byteCount += MemoryLayout<UnsafeMutableRawPointer?>.stride << Int(Self.pointerBits)
    return UnsafeMutableRawPointer(pointers)
  }

  // Seven levels at most, so recursion is no danger.
  private static func free(_ block: UnsafeMutableRawPointer, _ level: UInt64) {
    if level > 0 {
      for slot in 0..<1 << Int(pointerBits) {
        if let next = pointers(block)[slot] { free(next, level - 1) }
      }
    }
    block.deallocate()
  }

  private static func visit<Failure: Error>(
    _ block: UnsafeMutableRawPointer, _ level: UInt64, first: UInt64,
    _ body: (UInt64, Element) throws(Failure) -> Void
  ) throws(Failure) {
    if level == 0 {
      for slot in 0..<1 << Int(valueBits) { try body(first | UInt64(slot), values(block)[slot]) }
      return
    }
    let shift = valueBits + pointerBits * (level - 1)
    for slot in 0..<1 << Int(pointerBits) {
      guard let next = pointers(block)[slot] else { continue }
      try visit(next, level - 1, first: first | UInt64(slot) << shift, body)
    }
  }
}

// Sendable: an array has one owner, who alone reaches the blocks that it points to.
extension SparseArray: @unchecked Sendable where Element: Sendable {}
