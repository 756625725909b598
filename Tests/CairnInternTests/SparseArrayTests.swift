import CairnIntern
import Testing

@Suite struct SparseArrayTests {
  @Test func behavesLikeADictionary() {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    // Bits that an index may have, so that arrays of every height come, from full ones to those with
    // one value in each block.
    for bits: UInt64 in [8, 9, 10, 11, 14, 15, 19, 20, 40, 63, 64] {
      var array = SparseArray<UInt32>(unset: 7)
      var model: [UInt64: UInt32] = [:]
      for _ in 0..<3000 {
        // Some near others, so that groups become blocks on each level.
        let near = model.keys.first.flatMap { Bool.random(using: &random) ? $0 : nil }
        var index = UInt64.random(in: 0...(.max >> (64 - bits)), using: &random)
        if let near { index = near ^ index >> UInt64.random(in: 0..<bits, using: &random) }
        #expect(array[index] == model[index, default: 7])
        let value = UInt32.random(in: .min ... .max, using: &random)
        array[index] = value
        model[index] = value
      }
      expect(array, toHold: model, unset: 7)
    }
  }

  /// Values larger than the numbers between them, and with an alignment of their own.
  @Test func holdsValuesOfAnySize() {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    var wide = SparseArray<SIMD4<UInt64>>(unset: .zero)
    var narrow = SparseArray<UInt8>(unset: 0)
    var model: [UInt64: UInt8] = [:]
    for round in 0..<3000 {
      let index = round % 2 == 0 ? UInt64(round) : random.next() >> 20
      let value = UInt8.random(in: 1...255, using: &random)
      wide[index] = SIMD4(repeating: UInt64(value))
      narrow[index] = value
      model[index] = value
    }
    expect(narrow, toHold: model, unset: 0)
    for (index, value) in model { #expect(wide[index] == SIMD4(repeating: UInt64(value))) }
  }

  private func expect<Element: Equatable>(
    _ array: borrowing SparseArray<Element>, toHold model: [UInt64: Element], unset: Element
  ) {
    for (index, value) in model { #expect(array[index] == value) }
    var found: [UInt64: Element] = [:]
    var last: UInt64?
    array.forEachInUse { index, value in
      if let last { #expect(last < index) }
      last = index
      if model[index] != nil { found[index] = value } else { #expect(value == unset) }
    }
    #expect(found == model)
  }

  @Test func reachesEveryIndex() {
    var array = SparseArray<UInt32>(unset: 0)
    let edges: [UInt64] = [
      .max, 0, 1, .max - 1, 1 << 63, 1 << 63 - 1, 1023, 1024, 1 << 14, 1 << 14 - 1, 1 << 62,
    ]
    for (place, index) in edges.enumerated() { array[index] = UInt32(place + 1) }
    for (place, index) in edges.enumerated() { #expect(array[index] == UInt32(place + 1)) }
    // Around each edge enough others that groups become blocks below it.
    for edge in edges {
      for step in 2..<600 as Range<UInt64> {
        let index = edge > 1 << 32 ? edge - step : edge + step
        if !edges.contains(index) { array[index] = 77 }
      }
    }
    for (place, index) in edges.enumerated() { #expect(array[index] == UInt32(place + 1)) }
    var indices: [UInt64] = []
    array.forEachInUse { index, value in if value != 0 { indices.append(index) } }
    #expect(indices.first == 0)
    #expect(indices.last == .max)
    #expect(Set(edges).isSubset(of: indices))
    #expect(indices == indices.sorted())
    #expect(array[1 << 61] == 0)

    array.removeAll()
    #expect(array.byteCount == 0)
    for index in edges { #expect(array[index] == 0) }
    array[5] = 1
    #expect(array[5] == 1)
  }

  @Test func aSetValueMayBeTheUnsetOne() {
    var array = SparseArray<UInt32>(unset: 9)
    for index in 0..<2000 as Range<UInt64> { array[index * 7] = 1 }
    for index in 0..<2000 as Range<UInt64> { array[index * 7] = 9 }
    for index in 0..<14_000 as Range<UInt64> { #expect(array[index] == 9) }
  }

  @Test func takesFourBytesPerSlotUsed() {
    var array = SparseArray<Symbol<Names>?>(unset: nil)
    let count: UInt64 = 1 << 18
    for index in 0..<count { array[index] = Symbol(rawValue: UInt32(index)) }
    #expect(Double(array.byteCount) / Double(count) < 4.04)
    let before = array.byteCount
    array[1 << 40] = Symbol(rawValue: 1)
    // A block of parts for each level, and a group.
    #expect(array.byteCount - before < 4096)
  }

  /// What the documentation says of values far from each other, for the worst that a stranger can do.
  @Test(arguments: Scattering.all)
  func takesTensOfBytesWhereverIndicesLie(_ scattering: Scattering) {
    var array = SparseArray<UInt32>(unset: 0)
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    let count = 100_000
    var used = 0
    for number in 1...count {
      let index = scattering.index(UInt64(number), &random)
      if array[index] == 0 { used += 1 }
      array[index] = UInt32(number)
      // At all times, not only at the end: growing by half a table at once would show.
      if number.isMultiple(of: 1000) || number < 300 {
        #expect(array.byteCount <= used * 64 + 64, "\(used) values")
      }
    }
    #expect(array[scattering.index(1, &random)] != 0 || scattering.isRandom)
  }

  /// Ways to choose indices.
  struct Scattering: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var isRandom = false
    let index: @Sendable (UInt64, inout SeededRandom) -> UInt64

    static let all: [Scattering] = [
      Scattering(testDescription: "random", isRandom: true) { _, random in random.next() },
      Scattering(testDescription: "random, 40 bits", isRandom: true) { _, random in
        random.next() >> 24
      },
      Scattering(testDescription: "one a block") { number, _ in number << 10 },
      Scattering(testDescription: "one a block, the last first") { number, _ in ~(number << 10) },
      Scattering(testDescription: "one in every second-lowest block") { number, _ in number << 14 },
      Scattering(testDescription: "one in every block of blocks") { number, _ in number << 19 },
      Scattering(testDescription: "just more than a group, then far away") { number, _ in
        (number / 257).byteSwapped ^ number % 257
      },
      Scattering(testDescription: "just more than a group, one in a block") { number, _ in
        (number / 257).byteSwapped ^ (number % 257) << 10
      },
      Scattering(testDescription: "full groups, and values beside each step to them") { number, _ in
        // As many as a group has, in one block; then values that leave the path to it at each of
        // eleven steps of four bits, in all fifteen ways, the highest first.
        let (path, step) = (number / 421, number % 421)
        if step < 256 { return path << 54 ^ step << 2 }
        let (level, turn) = ((step - 256) / 15, (step - 256) % 15 + 1)
        return path << 54 ^ turn << (10 + 4 * (10 - level))
      },
    ]
  }
}
