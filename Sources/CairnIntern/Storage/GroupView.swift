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
    let pattern = Tags.pattern(of: hash)
    let displaced = Tags.displaced(hash)
    var group = Self.home(of: hash, groupCount)
    // A damaged table may lead through all groups, but never around.
    for _ in 0..<groupCount {
      let start = base + group * Self.groupSize
      let high = Access.word(start + 8)
      var hits = Tags.places(Access.word(start) ^ pattern, high ^ pattern)
      while hits != 0 {
        let place = start + Self.numbersOffset + Tags.firstPlace(hits) * 4
        let number = Access.number(place)
        if matches(number) { return number }
        hits &= hits - 1
      }
      if high & displaced == 0 { return nil }
      group += 1
      if group == groupCount { group = 0 }
    }
    return nil
  }

  /// The group where a hash belongs; 0 if there are none.
  @inline(__always)
  static func home(of hash: UInt64, _ groupCount: Int) -> Int {
    Int(truncatingIfNeeded: hash.multipliedFullWidth(by: UInt64(groupCount)).high)
  }

  /// Reads the groups of hashes, so that they are in the cache when they are wanted.
  ///
  /// Nothing in between depends on what is read: a processor waits for many of them at once.
  @inline(__always)
  func touch<Access: GroupAccess>(_ hashes: UnsafeBufferPointer<UInt64>, _ access: Access.Type) {
    guard groupCount > 0 else { return }
    var touched: UInt64 = 0
    for hash in hashes {
      let home = Self.home(of: hash, groupCount)
      touched |= Access.word(base + home &* Self.groupSize)
    }
    Self.keep(touched)
  }

  /// Takes what was read ahead, so that reading it is not optimised away.
  @inline(never)
  @_optimize(none)
  static func keep(_ touched: UInt64) {}

  /// The number that a hash most likely leads to, so that what it leads to can be read ahead.
  @inline(__always)
  func guess<Access: GroupAccess>(_ hash: UInt64, _ access: Access.Type) -> UInt32? {
    guard groupCount > 0 else { return nil }
    let pattern = Tags.pattern(of: hash)
    let displaced = Tags.displaced(hash)
    var group = Self.home(of: hash, groupCount)
    // Few strings are further from home.
    for _ in 0..<4 {
      let start = base + group * Self.groupSize
      let high = Access.word(start + 8)
      let hits = Tags.places(Access.word(start) ^ pattern, high ^ pattern)
      if hits != 0 { return Access.number(start + Self.numbersOffset + Tags.firstPlace(hits) * 4) }
      if high & displaced == 0 { return nil }
      group += 1
      if group == groupCount { group = 0 }
    }
    return nil
  }
}

/// Twelve tags and a filter in two words, worked on all at once.
enum Tags {
  @inline(__always)
  static func tag(of hash: UInt64) -> UInt8 {
    let tag = UInt8(truncatingIfNeeded: hash)
    return tag == 0 ? 1 : tag
  }

  /// The tag in every byte.
  @inline(__always)
  static func pattern(of hash: UInt64) -> UInt64 {
    UInt64(tag(of: hash)) &* 0x0101_0101_0101_0101
  }

  /// The bit of the filter, in the second word, that says that a hash found the group full.
  @inline(__always)
  static func displaced(_ hash: UInt64) -> UInt64 {
    1 << (32 + (hash >> 8) & 31)
  }

  /// The places whose tags are zero, as one bit each: of the first eight in the lowest bit of each
  /// byte, of the others in the bit above that. So which word a tag is in is no branch, of which the
  /// processor could not guess the outcome.
  @inline(__always)
  static func places(_ low: UInt64, _ high: UInt64) -> UInt64 {
    zeroBytes(low) >> 7 | (zeroBytes(high) & 0x0000_0000_8080_8080) >> 6
  }

  /// The place of the lowest bit of ``places(_:_:)``.
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
