import CairnCrypto

/// 40 bits of an id, which is as good as random, being the output of a MAC.
struct Fingerprint {
  /// The first byte of the id.
  let shard: Int
  let rest: UInt32

  init(_ id: ChunkID) {
    let word = UInt64(littleEndian: id.digest.firstWord)
    shard = Int(truncatingIfNeeded: word & UInt64(FingerprintTable.shardCount - 1))
    rest = UInt32(truncatingIfNeeded: word >> 8)
  }
}

/// Finds the numbers that were stored under a fingerprint: 10 to 12.5 bytes each.
///
/// 256 open-addressing tables with linear probing. A slot has 32 bits of the fingerprint and the
/// number; the bits also say where it belongs, so a table grows without asking for the id. Each grows
/// on its own, and by a quarter, so that neither the spare room nor the growing takes much memory.
struct FingerprintTable {
  static let shardCount = 256

  private struct Shard {
    /// The bits above, the number plus one below; 0 where there is nothing. At least one is 0.
    var slots = [UInt64](repeating: 0, count: 16)
    var count = 0

    private func home(_ bits: UInt32) -> Int {
      // A shift binds tighter than a product.
      Int((UInt64(bits) * UInt64(slots.count)) >> 32)
    }

    mutating func insert(_ bits: UInt32, _ number: UInt32) {
      if (count + 1) * 5 > slots.count * 4 { grow() }
      place(UInt64(bits) << 32 | UInt64(number) + 1)
      count += 1
    }

    private mutating func place(_ entry: UInt64) {
      var slot = home(UInt32(truncatingIfNeeded: entry >> 32))
      while slots[slot] != 0 { slot = slot + 1 == slots.count ? 0 : slot + 1 }
      slots[slot] = entry
    }

    private mutating func grow() {
      let old = slots
      slots = [UInt64](repeating: 0, count: old.count + old.count / 4)
      for entry in old where entry != 0 { place(entry) }
    }

    /// The sum of the entries' distances from where they belong.
    var displacement: Int {
      slots.indices.reduce(0) { sum, slot in
        guard slots[slot] != 0 else { return sum }
        let home = home(UInt32(truncatingIfNeeded: slots[slot] >> 32))
        return sum + (slot >= home ? slot - home : slot + slots.count - home)
      }
    }

    @inline(__always)
    func forEachNumber(of bits: UInt32, _ body: (Int) -> Void) {
      var slot = home(bits)
      while slots[slot] != 0 {
        if UInt32(truncatingIfNeeded: slots[slot] >> 32) == bits {
          body(Int(UInt32(truncatingIfNeeded: slots[slot])) - 1)
        }
        slot = slot + 1 == slots.count ? 0 : slot + 1
      }
    }
  }

  private var shards = [Shard](repeating: Shard(), count: shardCount)

  /// A number below `UInt32.max`; others may have the same fingerprint.
  mutating func insert(_ fingerprint: Fingerprint, _ number: UInt32) {
    shards[fingerprint.shard].insert(fingerprint.rest, number)
  }

  /// The numbers that were stored under a fingerprint, in no order; hardly ever more than one.
  func numbers(of fingerprint: Fingerprint) -> (first: Int?, others: [Int]) {
    var first: Int?
    var others: [Int] = []
    shards[fingerprint.shard].forEachNumber(of: fingerprint.rest) { number in
      if first == nil { first = number } else { others.append(number) }
    }
    return (first, others)
  }

  /// All numbers of the ids that begin with that byte, in no order.
  func numbers(ofShard shard: Int) -> [Int] {
    shards[shard].slots.compactMap {
      $0 == 0 ? nil : Int(UInt32(truncatingIfNeeded: $0)) - 1
    }
  }

  /// How many slots are looked at, on average, before the one that an entry has.
  var meanDisplacement: Double {
    let (sum, count) = shards.reduce((0, 0)) { ($0.0 + $1.displacement, $0.1 + $1.count) }
    return Double(sum) / Double(max(1, count))
  }

  var memoryBytes: Int {
    shards.reduce(0) { $0 + $1.slots.capacity * 8 + 64 }
  }
}
