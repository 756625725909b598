import Testing

@testable import CairnIntern

@Suite struct GroupTableTests {
  @Test func placesAreThoseOfTheTag() {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    for _ in 0..<2000 {
      // Few values, so that some are there more than once.
      let bytes = (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) & 0x83 }
      let words = stride(from: 0, to: 16, by: 8).map { first in
        (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[first + $1]) << UInt64($1 * 8) }
      }
      for tag in Set(bytes + [0, 0x7F, 0xFF]) {
        var found: [Int] = []
        var places = Tags.places(of: tag, words[0], words[1])
        while places != 0 {
          found.append(Tags.firstPlace(places))
          places &= places - 1
        }
        // The last four bytes are the filter.
        #expect(found.sorted() == (0..<GroupView.slotCount).filter { bytes[$0] == tag })
      }
    }
  }

  @Test func findsWhatIsThereUpToTheLimit() throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    var table = GroupTable()
    try table.replace(room: 5000)
    let hashes = (0..<table.limit).map { _ in random.next() }
    for (index, hash) in hashes.enumerated() { table.insert(hash, UInt32(index)) }
    let (view, isFull) = (table.view, table.isFull)
    #expect(isFull)
    for (index, hash) in hashes.enumerated() {
      #expect(view.find(hash) { $0 == UInt32(index) } == UInt32(index))
      #expect(view.find(hash) { _ in false } == nil)
    }
  }

  /// In a full table an eighth of the numbers is not in the first of the groups where it may be, but
  /// most of these in the second.
  @Test func readsAheadWhatIsLookedForNext() throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    var table = GroupTable()
    try table.replace(room: 5000)
    let hashes = (0..<table.limit).map { _ in random.next() }
    for (index, hash) in hashes.enumerated() { table.insert(hash, UInt32(index)) }
    var guessed = Set<UInt32>()
    let displaced = UnsafeMutablePointer<UInt32>.allocate(capacity: hashes.count)
    defer { displaced.deallocate() }
    let view = table.view
    var alone = 0
    hashes.withUnsafeBufferPointer { hashes in
      view.prefetch(hashes, displaced, PlainAccess.self) { guessed.insert($0) }
      for index in hashes.indices {
        let one = UnsafeBufferPointer(rebasing: hashes[index..<index + 1])
        var isGuessed = false
        view.prefetch(one, displaced, PlainAccess.self) { isGuessed = isGuessed || $0 == index }
        alone += isGuessed ? 1 : 0
      }
    }
    #expect(guessed.count >= alone)
    #expect(alone > hashes.count * 85 / 100)
  }

  @Test func readsNothingAheadFromAnEmptyTable() {
    let displaced = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
    defer { displaced.deallocate() }
    var calls = 0
    [UInt64(1)].withUnsafeBufferPointer {
      GroupView.empty.prefetch($0, displaced, SharedAccess.self) { _ in calls += 1 }
    }
    #expect(calls == 0)
  }
}
