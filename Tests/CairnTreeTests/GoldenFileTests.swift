import CairnTestKit
import CairnTree
import Foundation
import Testing

/// Files of version 1 that were written once and for all: every later version reads them, and as
/// long as the version is the same, writes them to the byte.
@Suite struct GoldenFileTests {
  /// A fixed sequence of commits that leaves some of everything: leaves with and without fixed
  /// widths, inner pages, weights, overflow pages, free pages, both checkpoints, and a publication.
  private func write(to storage: any PageStorage) throws {
    let store = try TreeStore(on: storage, TreeStoreOptions(pageSize: 4096, publishesToAll: true))
    for round in UInt64(1)...4 {
      let writing = try store.beginWriting()
      let options = TreeOptions(for: UInt64.self, UInt32.self)
      let numbers = try writing.tree("numbers", creating: options).typed(UInt64.self, UInt32.self)
      for index in 0..<UInt64(300) {
        try numbers.put(index &* 0x9E37_79B9_7F4A_7C15, UInt32(index * round))
      }
      let words = try writing.tree("words", creating: TreeOptions(isWeighted: true))
      for index in 0..<70 {
        let value = [UInt8](repeating: UInt8(index), count: index == 50 ? 5000 : index)
        try words.put(
          Array("word \(index * Int(round))".utf8).span.bytes, value.span.bytes,
          weight: UInt64(index))
      }
      if round == 3 { try words.remove(ranks: 20..<60) }
      try writing.commit(round % 2 == 0 ? .checkpoint : .publish)
    }
  }

  private func golden(_ name: String) throws -> [UInt8] {
    let url = try #require(
      Bundle.module.url(forResource: "Golden/\(name)", withExtension: nil))
    return Array(try Data(contentsOf: url))
  }

  @Test func whatIsWrittenNowIsTheSameToTheByte() throws {
    // One with locks, since without there is nobody to publish to.
    let storage = SimulatedStorage()
    try write(to: storage)
    if let path = ProcessInfo.processInfo.environment["CAIRN_WRITE_GOLDEN"] {
      try Data(storage.bytes).write(to: URL(filePath: path).appending(path: "version1.trees"))
    }
    #expect(storage.bytes == (try golden("version1.trees")))
  }

  @Test func whatWasWrittenIsRead() throws {
    let store = try TreeStore(
      on: MemoryStorage(golden("version1.trees")), TreeStoreOptions(isReadOnly: true))
    #expect(try store.verify().problems == [])
    let reading = try store.beginReading()
    #expect(reading.number == 4)
    #expect(try reading.treeNames == ["numbers", "words"])
    let numbers = try reading.tree("numbers").typed(UInt64.self, UInt32.self)
    #expect(try numbers.count == 300)
    for index in 0..<UInt64(300) {
      #expect(try numbers.value(for: index &* 0x9E37_79B9_7F4A_7C15) == UInt32(index * 4))
    }
    let words = try reading.tree("words")
    #expect(try words.count == 139)
    #expect(try words.totalWeight == 4537)
    for index in 0..<70 {
      let key = Array("word \(index * 4)".utf8)
      let value = [UInt8](repeating: UInt8(index), count: index == 50 ? 5000 : index)
      #expect(try words.value(for: key.span.bytes) == value)
      #expect(try words.weight(of: key.span.bytes) == UInt64(index))
    }
    #expect(try words.rank(of: "word 100".utf8.span.bytes) == 3)
  }
}
