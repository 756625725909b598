import CairnCore
import CairnTree
import Foundation
import SystemPackage
import Testing

/// Trees in real files.
@Suite struct FileStorageTests {
  @Test func theFirstProgram() throws {
    let folder = try TemporaryFolder()
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

  @Test func whatIsNoTreeFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.path.appending("text")
    try Data(repeating: 7, count: 100_000).write(to: URL(filePath: path.string))
    #expect(throws: TreeError.self) { _ = try TreeStore(path) }
    #expect(throws: TreeError.self) {
      _ = try TreeStore(
        folder.path.appending("missing"), TreeStoreOptions(isReadOnly: true))
    }
  }

  /// A file with some entries.
  private func makeFile(_ path: FilePath, count: UInt32 = 2000) throws {
    let writing = try TreeStore(path, TreeStoreOptions(pageSize: 4096)).beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions(for: UInt32.self, UInt32.self))
      .typed(UInt32.self, UInt32.self)
    for number in 0..<count { try tree.put(number, number) }
    try writing.commit(.checkpoint)
  }

  @Test func whatIsNoFile() throws {
    let folder = try TemporaryFolder()
    #expect(throws: TreeError.self) { _ = try FileStorage(folder.path) }
    #expect(throws: TreeError.self) { _ = try FileStorage(folder.path, readOnly: true) }
    try #require(mkfifo(folder.file.string, 0o600) == 0)
    for readOnly in [false, true] {
      let error = #expect(throws: TreeError.self) {
        _ = try FileStorage(folder.file, readOnly: readOnly)
      }
      #expect(error?.cause?.code == .invalidPath)
    }
  }

  @Test func aDescriptorForReadingIsEnough() throws {
    let folder = try TemporaryFolder()
    try makeFile(folder.file)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o444], ofItemAtPath: folder.file.string)
    let file = try FileDescriptor.open(folder.file, .readOnly)
    do {
      let store = try TreeStore(on: FileStorage(file, readOnly: true, name: "a file"))
      #expect(try store.beginReading().tree("t").count == 2000)
      #expect(try store.verify().problems == [])
      let error = #expect(throws: TreeError.self) { _ = try store.beginWriting() }
      #expect(error?.code == .readOnly)
    }
    // It was only borrowed.
    #expect(try file.seek(offset: 0, from: .end) > 0)
    try file.close()
  }

  /// On a file system that is mounted so that nothing can be written, where one can be mounted.
  @Test func readOnlyMedia() throws {
    #if os(Linux)
      let folder = try TemporaryFolder()
      let media = folder.path.appending("media")
      try FileManager.default.createDirectory(
        atPath: media.string, withIntermediateDirectories: false)
      guard mount("tmpfs", media.string, "tmpfs", 0, nil) == 0 else { return }
      defer { umount2(media.string, 2) }
      try makeFile(media.appending("trees"))
      let (remount, readOnly): (UInt, UInt) = (32, 1)
      try #require(mount("tmpfs", media.string, "tmpfs", remount | readOnly, nil) == 0)
      let store = try TreeStore(media.appending("trees"), TreeStoreOptions(isReadOnly: true))
      #expect(try store.beginReading().tree("t").count == 2000)
      #expect(try store.verify().problems == [])
      let error = #expect(throws: TreeError.self) { _ = try TreeStore(media.appending("trees")) }
      #expect(error?.cause?.errno == .readOnlyFileSystem)
    #endif
  }

  @Test func linksAreFollowed() throws {
    let folder = try TemporaryFolder()
    let manager = FileManager.default
    let other = folder.path.appending("other")
    try manager.createDirectory(atPath: other.string, withIntermediateDirectories: false)
    let link = folder.path.appending("link")
    try manager.createSymbolicLink(
      atPath: link.string, withDestinationPath: other.appending("trees").string)
    // The first time it leads nowhere.
    try makeFile(link)
    #expect(manager.fileExists(atPath: other.appending("trees").string))
    let one = try TreeStore(other.appending("trees"))
    let error = #expect(throws: TreeError.self) { _ = try TreeStore(link) }
    #expect(error?.code == .busy)
    #expect(
      try TreeStore(link, TreeStoreOptions(isReadOnly: true)).beginReading().tree("t").count
        == 2000)
    withExtendedLifetime(one) {}
  }

  @Test func aFileThatIsCutWhileItIsOpen() throws {
    let folder = try TemporaryFolder()
    try makeFile(folder.file, count: 20_000)
    let writer = try TreeStore(folder.file, TreeStoreOptions(cacheBytes: 0))
    let reader = try TreeStore(folder.file, TreeStoreOptions(cacheBytes: 0, isReadOnly: true))
    let reading = try reader.beginReading()
    try #require(truncate(folder.file.string, 8 * 4096) == 0)
    var error = #expect(throws: TreeError.self) {
      try reading.tree("t").entries(in: 0..<20_000)
    }
    #expect(error?.code == .damaged)
    error = #expect(throws: TreeError.self) { _ = try reader.beginReading().tree("t") }
    // This one still has its first transaction, which keeps it where it is.
    #expect(error?.code == .damaged)
    error = #expect(throws: TreeError.self) {
      let writing = try writer.beginWriting()
      let tree = try writing.tree("t").typed(UInt32.self, UInt32.self)
      for number in 0..<UInt32(20_000) { try tree.put(number, 0) }
    }
    #expect(error?.code == .damaged)
    #expect(try !writer.verify().problems.isEmpty)
    error = #expect(throws: TreeError.self) {
      _ = try TreeStore(folder.file, TreeStoreOptions(isReadOnly: true))
    }
    #expect(error?.code == .damaged)
  }

  @Test func aDirectoryThatVanishes() throws {
    let folder = try TemporaryFolder()
    let inner = folder.path.appending("inner")
    try FileManager.default.createDirectory(
      atPath: inner.string, withIntermediateDirectories: false)
    let path = inner.appending("trees")
    try makeFile(path)
    let store = try TreeStore(path)
    try FileManager.default.removeItem(atPath: inner.string)
    // Whoever has the file open has it still; its name is gone.
    let writing = try store.beginWriting()
    try writing.tree("t").typed(UInt32.self, UInt32.self).put(7, 8)
    try writing.commit(.checkpoint)
    #expect(try store.verify().problems == [])
    for readOnly in [false, true] {
      let error = #expect(throws: TreeError.self) {
        _ = try TreeStore(path, TreeStoreOptions(isReadOnly: readOnly))
      }
      #expect(error?.code == .storage && error?.cause?.errno == .noSuchFileOrDirectory)
    }
  }
}
