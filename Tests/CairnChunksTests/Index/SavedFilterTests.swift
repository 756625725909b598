import CairnCrypto
import CairnTree
import Testing

@testable import CairnChunks

@Suite struct SavedFilterTests {
  private func filter(of ids: [ChunkID], room: Int) throws -> SavedFilter {
    let store = try TreeStore(on: MemoryStorage())
    let blockCount = SavedFilter.blockCount(chunks: room)
    let writing = try store.beginWriting()
    var writer = SavedFilter.Writer(
      try writing.tree("filter", creating: SavedFilter.options), blockCount: blockCount)
    for id in ids.sorted() { try writer.append(id) }
    try writer.finish()
    try writing.commit(.checkpoint)
    let tree = try #require(try store.beginReading().treeIfExists("filter"))
    return SavedFilter(tree, blockCount: blockCount)
  }

  private func ids(_ count: Int, _ seed: UInt64) -> [ChunkID] {
    var random = SeededRandom(seed)
    return (0..<count).map { _ in IndexModel.id(&random) }
  }

  @Test(arguments: [1, 2, 300, 407, 5000, 40_000])
  func whatIsThereIsNeverDenied(count: Int) throws {
    let ids = ids(count, 701)
    let filter = try filter(of: ids, room: count)
    for id in ids { #expect(try filter.mayHold(id)) }
  }

  @Test func whatIsNotThereIsHardlyEverPassed() throws {
    for count in [3000, 100_000] {
      let filter = try filter(of: ids(count, 702), room: count)
      let passed = try ids(50_000, 703).count { try filter.mayHold($0) }
      // One in a hundred is what ten bits for each promise.
      #expect(passed < 1000 && passed > 0)
    }
    let empty = try filter(of: [], room: 0)
    for id in ids(100, 704) { #expect(try !empty.mayHold(id)) }
  }

  /// Somebody may make ids that begin alike: in a block that is full, everything passes.
  @Test func idsThatBeginAlikeAreNotDenied() throws {
    let alike = ids(20_000, 705).map { id in
      var bytes = id.digest.withBytes { bytes in
        bytes.withUnsafeBytes { Array($0) }
      }
      for index in 0..<8 { bytes[index] = 255 }
      return ChunkID(Digest(bytes: bytes.span.bytes))
    }
    let filter = try filter(of: alike, room: 100_000)
    for id in alike { #expect(try filter.mayHold(id)) }
  }

  @Test func moreChunksThanThereIsRoomForAreNotDenied() throws {
    let ids = ids(5000, 706)
    let filter = try filter(of: ids, room: 100)
    for id in ids { #expect(try filter.mayHold(id)) }
  }
}
