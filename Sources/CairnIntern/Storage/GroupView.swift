import CPrefetch

/// A hash table of 32-bit numbers, to look up in: groups of twelve, one cache line each.
///
///     0 … 11    a tag of 8 bits of the hash for each number, never 0; 0 where there is none
///     12 … 15   a Bloom filter of the hashes that found this group full
///     16 … 63   the numbers
///
/// A group fills from its first place on, and what finds it full goes to the next. The numbers lead
/// to what was hashed, which is compared there; no hash is kept. All words are little-endian.
struct GroupView {
  static var groupSize: Int { 64 }
  static var slotCount: Int { 12 }
  static var numbersOffset: Int { 16 }
  /// The numbers per group on average at which a table is full.
  static var fullLoad: Int { 11 }

  let base: UnsafeRawPointer
  /// 0 for a table in which nothing is found.
  let groupCount: Int

  /// A table in which nothing is found; its memory is never read.
  static var empty: GroupView {
    GroupView(base: UnsafeRawPointer(bitPattern: groupSize).unsafelyUnwrapped, groupCount: 0)
  }

  /// The first number with this hash for which `matches` says so.
  @inline(__always)
  func find(_ hash: UInt64, where matches: (UInt32) -> Bool) -> UInt32? {
    find(hash, PlainAccess.self, where: matches)
  }

  @inline(__always)
  func find<Access: GroupAccess>(
    _ hash: UInt64, _ access: Access.Type, where matches: (UInt32) -> Bool
  ) -> UInt32? {
    let tag = Tags.tag(of: hash)
    let displaced = Tags.displaced(hash)
    var group = Self.home(of: hash, groupCount)
    // A damaged table may lead through all groups, but never around.
    var left = groupCount
    while left > 0 {
      let start = base + group &* Self.groupSize
      let high = Access.word(start + 8)
      var hits = Tags.places(of: tag, Access.word(start), high)
      while hits != 0 {
        let number = Access.number(start + Self.numbersOffset + Tags.firstPlace(hits) &* 4)
        if matches(number) { return number }
        hits &= hits &- 1
      }
      if high & displaced == 0 { return nil }
      group = next(group)
      left &-= 1
    }
    return nil
  }

  /// The group where a hash belongs; 0 if there are none.
  @inline(__always)
  static func home(of hash: UInt64, _ groupCount: Int) -> Int {
    Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(groupCount)).high)
  }

  @inline(__always)
  private func next(_ group: Int) -> Int {
    group &+ 1 == groupCount ? 0 : group &+ 1
  }

  /// Has the groups of hashes read, so that they are in the cache when they are wanted.
  ///
  /// The processor goes on meanwhile, and waits for as many of them at once as it can.
  @inline(__always)
  func prefetch(_ hashes: UnsafeBufferPointer<UInt64>) {
    for hash in hashes { prefetch(Self.home(of: hash, groupCount)) }
  }

  @inline(__always)
  private func prefetch(_ group: Int) {
    cairn_prefetch(base + group &* Self.groupSize)
  }

  /// Has the groups of hashes read, and calls `body` with the numbers that these likely lead to, so
  /// that what is there can be read too.
  ///
  /// - Parameter displaced: room for as many numbers as there are hashes.
  @inline(__always)
  func prefetch<Access: GroupAccess>(
    _ hashes: UnsafeBufferPointer<UInt64>, _ displaced: UnsafeMutablePointer<UInt32>,
    _ access: Access.Type, _ body: (UInt32) -> Void
  ) {
    guard groupCount > 0 else { return }
    prefetch(hashes)
    var displacedCount = 0
    for index in hashes.indices {
      let hash = hashes[index]
      let home = Self.home(of: hash, groupCount)
      guard guess(hash, home, access, body) else { continue }
      prefetch(next(home))
      displaced[displacedCount] = UInt32(truncatingIfNeeded: index)
      displacedCount += 1
    }
    // Few strings are further from home than this.
    for index in 0..<displacedCount {
      let hash = hashes[Int(displaced[index])]
      _ = guess(hash, next(Self.home(of: hash, groupCount)), access, body)
    }
  }

  /// Calls `body` with the numbers of a group that have the tag of a hash, and returns whether the
  /// hash may lead to the next group.
  @inline(__always)
  private func guess<Access: GroupAccess>(
    _ hash: UInt64, _ group: Int, _ access: Access.Type, _ body: (UInt32) -> Void
  ) -> Bool {
    let start = base + group &* Self.groupSize
    let high = Access.word(start + 8)
    var hits = Tags.places(of: Tags.tag(of: hash), Access.word(start), high)
    while hits != 0 {
      body(Access.number(start + Self.numbersOffset + Tags.firstPlace(hits) &* 4))
      hits &= hits &- 1
    }
    return high & Tags.displaced(hash) != 0
  }
}

/// Twelve tags and a filter in two words, worked on all at once.
enum Tags {
  @inline(__always)
  static func tag(of hash: UInt64) -> UInt8 {
    let tag = UInt8(truncatingIfNeeded: hash)
    return tag == 0 ? 1 : tag
  }

  /// The bit of the filter, in the second word, that says that a hash found the group full.
  @inline(__always)
  static func displaced(_ hash: UInt64) -> UInt64 {
    1 &<< (32 &+ (hash &>> 8) & 31)
  }

  /// The places that have a tag, or 0 where none is, as one bit each: of the first eight in the lowest
  /// bit of each byte, of the others in the bit above that. So which word a tag is in is no branch, of
  /// which the processor could not guess the outcome.
  @inline(__always)
  static func places(of tag: UInt8, _ low: UInt64, _ high: UInt64) -> UInt64 {
    // All sixteen bytes in one instruction; unless the types are spelt out, it is a loop over them.
    let bytes = unsafeBitCast(SIMD2<UInt64>(low, high), to: SIMD16<UInt8>.self)
    let equal = unsafeBitCast(bytes .== SIMD16<UInt8>(repeating: tag), to: SIMD2<UInt64>.self)
    return equal[0] & 0x0101_0101_0101_0101 | equal[1] & 0x0000_0000_0202_0202
  }

  /// The place of the lowest bit of ``places(of:_:_:)``.
  @inline(__always)
  static func firstPlace(_ places: UInt64) -> Int {
    let bit = places.trailingZeroBitCount
    return bit >> 3 | (bit & 1) << 3
  }

  /// The highest bit of each byte that is zero.
  @inline(__always)
  static func zeroBytes(_ word: UInt64) -> UInt64 {
    let sevenBits: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    return ~((word & sevenBits) &+ sevenBits | word | sevenBits)
  }

  /// The byte of the lowest bit set.
  @inline(__always)
  static func firstByte(_ bits: UInt64) -> Int {
    bits.trailingZeroBitCount >> 3
  }
}
