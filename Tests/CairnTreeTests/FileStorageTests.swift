import CairnTree
import Foundation
import SystemPackage
import Testing

/// Trees in real files.
@Suite struct FileStorageTests {
  private final class Folder {
    let path: FilePath

    init() throws {
      path = FilePath(NSTemporaryDirectory()).appending("cairn-tree-\(UUID().uuidString)")
      try FileManager.default.createDirectory(
        atPath: path.string, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }
  }

  @Test func theFirstProgram() throws {
    let folder = try Folder()
    let path = folder.path.appending("scores.trees")
    do {
      let store = try TreeStore(path)
      let writing = try store.beginWriting()
      let scores = try writing.tree("scores", creating: TreeOptions(for: UInt64.self, UInt64.self))
        .typed(UInt64.self, UInt64.self)
      for player in UInt64(1)...1000 { try scores.put(player * 7919 % 1009, player) }
      try writing.commit(.checkpoint)
    }
    // What a checkpoint made durable is there for the next who opens the file.
    let store = try TreeStore(path, TreeStoreOptions(isReadOnly: true))
    let reading = try store.beginReading()
    let ranking = try reading.tree("scores").typed(UInt64.self, UInt64.self)
    let scores = (UInt64(1)...1000).map { $0 * 7919 % 1009 }.sorted()
    #expect(try ranking.count == 1000)
    #expect(try ranking.rank(of: 500) == scores.count { $0 < 500 })
    #expect(try ranking.entry(at: ranking.count / 2)?.key == scores[500])
    var page: [UInt64] = []
    try ranking.forEach(in: 700..<720) { score, _ in
      page.append(score)
      return true
    }
    #expect(page == Array(scores[700..<720]))
    #expect(try store.verify().problems.isEmpty)
  }

  @Test func oneWriterAtATime() throws {
    let folder = try Folder()
    let path = folder.path.appending("trees")
    let store = try TreeStore(path)
    #expect(throws: TreeError.self) { _ = try TreeStore(path) }
    withExtendedLifetime(store) {}
  }

  @Test func whatIsNoTreeFile() throws {
    let folder = try Folder()
    let path = folder.path.appending("text")
    try Data(repeating: 7, count: 100_000).write(to: URL(filePath: path.string))
    #expect(throws: TreeError.self) { _ = try TreeStore(path) }
    #expect(throws: TreeError.self) {
      _ = try TreeStore(
        folder.path.appending("missing"), TreeStoreOptions(isReadOnly: true))
    }
  }
}
