import CairnCore
import SystemPackage

/// A map from digests, 20 or 32 bytes long as a rule, to 32-bit values, in little more memory than
/// their own: at most 8 bytes beside the digest for each, its value among them,
/// from some ten thousand on.
///
/// It answers exactly: whole digests are kept and compared. Digests of anything between 16 and 32
/// bytes will do, and need not be evenly distributed.
///
/// One owner at a time, who may hand it to another thread.
public struct DigestTable: ~Copyable {
  // Entries, a digest and its value each, lie in one array in the order of a keyed hash, each as near
  // behind the place that its hash names as there is room. An array 86 to 94 percent full is as
  // good for lookups as a table with pointers, and growing it moves entries up in one pass.
  //
  // Must: hashes ascend; an entry is not before its home, and nothing between the two is empty.
  // Empty is what has a digest of zeroes; such a digest itself is kept apart.
  private var memory: ReservedMemory
  private let hash: ByteHash
  private let digestLength: Int
  private let stride: Int
  /// The places that hashes name.
  private var homes = 0
  /// The places, of which some are behind all homes.
  private var places = 0
  private var placed = 0
  private var valueOfZeroes: UInt32?

  /// Makes an empty table.
  ///
  /// - Parameters:
  ///   - digestLength: the length of all digests.
  ///   - limit: the most digests that the table may hold; addresses are reserved for that many.
  /// - Precondition: `digestLength` is 16 to 32, and `limit` from 1 to 4,294,967,295.
  /// - Throws: ``InternError/Code/memory`` if the system does not give the address space.
  public init(digestLength: Int, limit: Int = 1 << 30) throws(InternError) {
    try self.init(digestLength: digestLength, limit: limit, hash: ByteHash())
  }

  init(digestLength: Int, limit: Int, hash: ByteHash) throws(InternError) {
    precondition(digestLength >= 16 && digestLength <= 32, "digests have 16 to 32 bytes")
    precondition(limit >= 1 && limit <= Int(UInt32.max))
    self.digestLength = digestLength
    self.hash = hash
    stride = digestLength + MemoryLayout<UInt32>.size
    let size = limit * stride / 5 * 6 + Self.tail(0) * stride
    memory = try ArenaCore.reserve(size)
  }

  /// The number of digests.
  public var count: Int { placed + (valueOfZeroes == nil ? 0 : 1) }

  /// The bytes that the table takes.
  public var byteCount: Int { places * stride }

  /// The value of a digest, or `nil` if the table does not have it.
  ///
  /// - Precondition: the digest has the table's length.
  public func value(for digest: RawSpan) -> UInt32? {
    let start = lent(digest)
    if isEmpty(start) { return valueOfZeroes }
    let (place, isThere) = find(start)
    return isThere ? value(at: place) : nil
  }

  /// Sets the value of a digest, and returns the one that it had.
  ///
  /// - Precondition: the digest has the table's length.
  /// - Throws: ``InternError/Code/memory`` or ``InternError/Code/full``; nothing has changed then.
  @discardableResult
  public mutating func updateValue(
    _ value: UInt32, for digest: RawSpan
  ) throws(InternError) -> UInt32? {
    try put(value, for: digest, replaces: true)
  }

  /// Sets the value of a digest that the table does not have, in one search.
  ///
  /// - Returns: the value that the digest has already, and keeps; `nil` if it was set.
  /// - Precondition: the digest has the table's length.
  /// - Throws: ``InternError/Code/memory`` or ``InternError/Code/full``; nothing has changed then.
  public mutating func insert(
    _ value: UInt32, for digest: RawSpan
  ) throws(InternError) -> UInt32? {
    try put(value, for: digest, replaces: false)
  }

  private mutating func put(
    _ value: UInt32, for digest: RawSpan, replaces: Bool
  ) throws(InternError) -> UInt32? {
    let start = lent(digest)
    if isEmpty(start) {
      let old = valueOfZeroes
      if old == nil || replaces { valueOfZeroes = value }
      return old
    }
    let found = find(start)
    var place = found.place
    if found.isThere {
      let old = self.value(at: place)
      if replaces { set(value, at: place) }
      return old
    }
    if placed * 100 >= homes * Self.fullPercent {
      try grow()
      place = find(start).place
    }
    var free = firstEmpty(from: place)
    if free == places {
      // A long run at the very end: there is more room behind it in a larger table.
      try grow()
      place = find(start).place
      free = firstEmpty(from: place)
    }
    let address = address(of: place)
    (address + stride).copyMemory(from: address, byteCount: (free - place) * stride)
    address.copyMemory(from: start, byteCount: digestLength)
    set(value, at: place)
    placed += 1
    return nil
  }

  /// Forgets all digests, and gives the memory back.
  public mutating func removeAll() {
    memory.release(from: 0)
    homes = 0
    places = 0
    placed = 0
    valueOfZeroes = nil
  }

  /// Calls `body` with each digest and its value, in no order that means anything.
  public func forEach<Failure: Error>(
    _ body: (RawSpan, UInt32) throws(Failure) -> Void
  ) throws(Failure) {
    if let valueOfZeroes {
      let zeroes = [UInt8](repeating: 0, count: digestLength)
      try body(zeroes.span.bytes, valueOfZeroes)
    }
    for place in 0..<places {
      let start = UnsafeRawPointer(address(of: place))
      guard !isEmpty(start) else { continue }
      let bytes = UnsafeRawBufferPointer(start: start, count: digestLength)
      try body(RawSpan(_unsafeBytes: bytes), value(at: place))
    }
  }

  // MARK: Places

  private func lent(_ digest: RawSpan) -> UnsafeRawPointer {
    precondition(digest.byteCount == digestLength, "the digest does not have the table's length")
    return digest.lentBytes.start
  }

  private func address(of place: Int) -> UnsafeMutableRawPointer { memory.base + place * stride }

  @inline(__always)
  private func key(_ digest: UnsafeRawPointer) -> UInt64 {
    ByteHash.mix(digest.word(0) ^ hash.key0, digest.word(8) ^ hash.key1)
  }

  @inline(__always)
  private func isEmpty(_ digest: UnsafeRawPointer) -> Bool {
    guard digest.word(0) == 0 else { return false }
    return (8..<digestLength).allSatisfy { digest.load(fromByteOffset: $0, as: UInt8.self) == 0 }
  }

  private func value(at place: Int) -> UInt32 {
    let address = UnsafeRawPointer(address(of: place))
    return address.loadUnaligned(fromByteOffset: digestLength, as: UInt32.self)
  }

  private func set(_ value: UInt32, at place: Int) {
    address(of: place).storeBytes(of: value, toByteOffset: digestLength, as: UInt32.self)
  }

  /// Where a digest is, or where it would have to be.
  private func find(_ digest: UnsafeRawPointer) -> (place: Int, isThere: Bool) {
    let key = key(digest)
    var place = GroupView.home(of: key, homes)
    while place < places {
      let other = UnsafeRawPointer(address(of: place))
      let otherKey = self.key(other)
      if otherKey >= key || other.word(0) == 0 {
        if isEmpty(other) { return (place, false) }
        if otherKey > key { return (place, false) }
        if otherKey == key, other.equals(digest, digestLength) { return (place, true) }
      }
      place += 1
    }
    return (place, false)
  }

  private func firstEmpty(from first: Int) -> Int {
    var place = first
    while place < places, !isEmpty(UnsafeRawPointer(address(of: place))) { place += 1 }
    return place
  }

  // MARK: Growing

  /// How full the homes may be, above which runs get long.
  private static var fullPercent: Int { 94 }

  /// The places behind all homes.
  private static func tail(_ homes: Int) -> Int { 64 + homes / 2048 }

  /// As many homes as keep an entry below 8 bytes more than its digest.
  private var nextHomes: Int {
    // Of 1,000 places, after growing: an entry and its share of empty places are 7.7 bytes more.
    let leastFull = 10_000 * stride / (10 * digestLength + 77)
    return max(homes + 64, placed * 1000 / leastFull)
  }

  private mutating func grow() throws(InternError) {
    let newHomes = nextHomes
    let newPlaces = max(newHomes, lastPlace(newHomes) + 1) + Self.tail(newHomes)
    guard newPlaces * stride <= memory.reserved else { throw .full(memory.reserved) }
    do throws(Errno) {
      try memory.commit(newPlaces * stride)
    } catch {
      throw .noMemory(newPlaces * stride, error)
    }
    // All entries to the end, without gaps, and from there each to its new place. That is never
    // behind where it is: all that come after it fit between.
    var source = newPlaces
    for place in (0..<places).reversed() {
      let address = address(of: place)
      guard !isEmpty(UnsafeRawPointer(address)) else { continue }
      source -= 1
      self.address(of: source).copyMemory(from: address, byteCount: stride)
    }
    var next = 0
    for place in source..<newPlaces {
      let entry = address(of: place)
      let target = max(next, GroupView.home(of: key(UnsafeRawPointer(entry)), newHomes))
      clear(next..<target)
      address(of: target).copyMemory(from: entry, byteCount: stride)
      next = target + 1
    }
    clear(next..<newPlaces)
    homes = newHomes
    places = newPlaces
  }

  /// Where the last entry would be with that many homes.
  private func lastPlace(_ newHomes: Int) -> Int {
    var next = 0
    for place in 0..<places {
      let entry = UnsafeRawPointer(address(of: place))
      guard !isEmpty(entry) else { continue }
      next = max(next, GroupView.home(of: key(entry), newHomes)) + 1
    }
    return next - 1
  }

  private func clear(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    address(of: range.lowerBound).initializeMemory(
      as: UInt8.self, repeating: 0, count: range.count * stride)
  }
}

// Sendable: a table has one owner, who alone reaches the memory that it points to.
extension DigestTable: @unchecked Sendable {}
