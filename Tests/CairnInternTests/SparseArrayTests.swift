import CairnIntern
import Testing

@Suite struct SparseArrayTests {
  @Test func behavesLikeADictionary() {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    for bits: UInt64 in [8, 10, 11, 19, 20, 40, 63, 64] {
      var array = SparseArray<UInt32>(unset: 7)
      var model: [UInt64: UInt32] = [:]
      for _ in 0..<2000 {
        let index = UInt64.random(in: 0...(.max >> (64 - bits)), using: &random)
        #expect(array[index] == model[index, default: 7])
        let value = UInt32.random(in: .min ... .max, using: &random)
        array[index] = value
        model[index] = value
        if bits > 40, model.count > 200 { break }
      }
      for (index, value) in model { #expect(array[index] == value) }
      var found: [UInt64: UInt32] = [:]
      var last: UInt64?
      array.forEachInUse { index, value in
        if let last { #expect(last < index) }
        last = index
        if model[index] != nil { found[index] = value } else { #expect(value == 7) }
      }
      #expect(found == model)
    }
  }

  @Test func reachesEveryIndex() {
    var array = SparseArray<UInt32>(unset: 0)
    for index in [UInt64.max, 0, 1 << 63, 1023, 1024] { array[index] = 1 }
    for index in [UInt64.max, 0, 1 << 63, 1023, 1024] { #expect(array[index] == 1) }
    for index in [UInt64.max - 1, 1, 1 << 62, 1022, 1025] { #expect(array[index] == 0) }
    array.removeAll()
    #expect(array.byteCount == 0)
    #expect(array[0] == 0)
  }

  @Test func takesFourBytesPerSlotUsed() {
    var array = SparseArray<Symbol<Names>?>(unset: nil)
    let count: UInt64 = 1 << 18
    for index in 0..<count { array[index] = Symbol(rawValue: UInt32(index)) }
    #expect(Double(array.byteCount) / Double(count) < 4.05)
    array[1 << 40] = Symbol(rawValue: 1)
    // A block of values, and one of pointers for each level.
    #expect(Double(array.byteCount) / Double(count) < 4.2)
  }
}
