import Testing

@testable import CairnTree

@Suite struct KeySearchTests {
  @Test(arguments: Array(0...40) + [127, 128, 129, 509, 1021]) func everyPlaceIsFound(_ count: Int)
  {
    // With gaps, so that keys are asked for that are there and that are not.
    let keys = (0..<count).map { UInt64($0) * 2 + 1 }
    let bigEndian = keys.map(\.bigEndian)
    var wrong: [UInt64] = []
    bigEndian.withUnsafeBytes { keysOfPage in
      keys.withUnsafeBytes { sums in
        guard let keysOfPage = keysOfPage.baseAddress, let sums = sums.baseAddress else { return }
        for key in Array(0...UInt64(2 * count)) + [.max] {
          let before = Int(min(key, UInt64(2 * count)) / 2)
          let with = Int((min(key, UInt64(2 * count)) + 1) / 2)
          if KeySearch.lowerBound(keysOfPage, count, key) != before
            || KeySearch.upperBound(keysOfPage, count, key) != with
            || KeySearch.sumsUpTo(key, sums, count) != with
          {
            wrong.append(key)
          }
        }
      }
    }
    #expect(wrong == [])
  }
}
