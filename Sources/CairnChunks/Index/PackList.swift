import CairnCrypto

/// The packs of an index by number and by digest: some 130 bytes each.
struct PackList {
  private var packs: [PackInfo] = []
  private var isWithdrawn: [Bool] = []
  private var numbers: [Digest: Int] = [:]

  /// Withdrawn packs keep their numbers.
  var count: Int { packs.count }

  subscript(_ number: Int) -> PackInfo { packs[number] }

  /// Whether there is a pack of that number that was not withdrawn.
  func isThere(_ number: Int) -> Bool { number < packs.count && !isWithdrawn[number] }

  func contains(_ pack: Digest) -> Bool { numbers[pack] != nil }

  mutating func append(_ pack: PackInfo) {
    numbers[pack.digest] = packs.count
    packs.append(pack)
    isWithdrawn.append(false)
  }

  mutating func withdraw(_ pack: Digest) {
    guard let number = numbers.removeValue(forKey: pack) else { return }
    isWithdrawn[number] = true
  }

  var memoryBytes: Int {
    packs.capacity * MemoryLayout<PackInfo>.stride + isWithdrawn.capacity
      + numbers.capacity * 4 / 3 * (MemoryLayout<Digest>.stride + 9)
  }
}
