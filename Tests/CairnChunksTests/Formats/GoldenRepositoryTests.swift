import CairnCore
import CairnCrypto
import Foundation
import SystemPackage
import Testing

@testable import CairnChunks

/// A repository that was written once and must be read for ever.
@Suite(.serialized) struct GoldenRepositoryTests {
  private static let path = FilePath(Golden.folder.appendingPathComponent("repository").path)
  private static let passphrase = SecretBytes(utf8: "correct horse battery staple")

  /// Text, noise, nothing, and a hole in the middle.
  private static let text = (0..<3000).flatMap { "line \($0) of a text\n".utf8 }
  private static let noise = SeededRandom.bytes(20_000, seed: 121)
  private static let sparse = Array("front".utf8) + [UInt8](repeating: 0, count: 1 << 20) + [1]

  private static let firstKeys = ["empty", "noise", "sparse", "text"]

  /// Written with `CAIRN_WRITE_GOLDEN=1` if it is not there; the one that is there stays.
  private static func write() async throws {
    guard !FileManager.default.fileExists(atPath: path.string) else { return }
    let target = try DirectoryTarget(path, creating: true)
    let repository = try await Repository.createSmall(on: target)
    try await repository.addKey(
      for: [try ScryptRecipient(passphrase: passphrase, workFactor: 10)], label: "passphrase")
    let session = try await repository.startSession(.test)
    let core = session.core
    let sparse = try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Content in
      var writer = ContentWriter(core, chunker: core.chunker)
      var front = MemoryReader(Array(Self.sparse.prefix(5)))
      var back = MemoryReader([1])
      try writer.write(from: &front)
      try writer.writeHole(1 << 20)
      try writer.write(from: &back)
      return try writer.finish()
    }
    let contents = [
      try await session.store([]), try await session.store(noise), sparse,
      try await session.store(text),
    ]
    let first = try await session.store(
      sortedEntries: zip(firstKeys, contents).map { key, content in
        var value: [UInt8] = []
        content.encode(into: &value)
        return Entry(
          key: Array(key.utf8), value: value, links: [content.root], weight: content.byteCount)
      })
    _ = try await session.publish(
      name: "first", chunk: first.root,
      fields: ["count": "\(first.count)", "weight": "\(first.weight)"], time: 1_600_000_000)
    let many = try await session.store(
      sortedEntries: (0..<1000).map { Entry("\(10_000 + $0)", "value \($0)", weight: UInt64($0)) })
    _ = try await session.publish(
      name: "second", chunk: many.root,
      fields: ["height": "\(many.height)", "weight": "\(many.weight)"], time: 1_700_000_000)
  }

  private func open(with identity: any Identity = owner) async throws -> Repository {
    if Golden.isWriting { try await Self.write() }
    return try await Repository.open(on: DirectoryTarget(Self.path), with: [identity])
  }

  @Test func opensByEachWayIn() async throws {
    let byKey = try await open()
    let keys = try await byKey.keys()
    #expect(keys.map(\.label) == ["owner", "passphrase"])
    #expect(keys.map(\.types) == [["X25519"], ["scrypt"]])
    let byPassphrase = try await open(with: ScryptIdentity(passphrase: Self.passphrase))
    #expect(byPassphrase.id == byKey.id)
    #expect(byPassphrase.openedBy != byKey.openedBy)
    #expect(byKey.layout == .small)
  }

  @Test func listsItsRoots() async throws {
    let roots = try await open().roots()
    #expect(roots.map(\.name) == ["first", "second"])
    #expect(roots.map(\.time) == [1_600_000_000, 1_700_000_000])
    #expect(roots[0].fields["count"] == "4")
  }

  @Test func givesTheSameBytes() async throws {
    let repository = try await open()
    let root = try await repository.root("first")
    let tree = EntryTree(
      root: root.chunk, height: 0, count: UInt64(Self.firstKeys.count),
      weight: try #require(root.fields["weight"].flatMap { UInt64($0) }))
    let entries = try await repository.entries(of: tree)
    #expect(entries.map(\.key) == Self.firstKeys.map { Array($0.utf8) })
    for (entry, expected) in zip(entries, [[], Self.noise, Self.sparse, Self.text]) {
      var reader = BinaryReader(entry.value.span.bytes)
      let height = try reader.readUInt8()
      let content = Content(
        root: entry.links[0], byteCount: try reader.readVarint(), height: Int(height))
      #expect(try await repository.readAll(content) == expected)
    }
  }

  @Test func givesTheSameEntries() async throws {
    let repository = try await open()
    let root = try await repository.root("second")
    let tree = EntryTree(
      root: root.chunk, height: try #require(root.fields["height"].flatMap { Int($0) }),
      count: 1000, weight: 499_500)
    let entries = try await repository.entries(of: tree)
    #expect(
      entries == (0..<1000).map { Entry("\(10_000 + $0)", "value \($0)", weight: UInt64($0)) })
  }

  @Test func isSound() async throws {
    let report = try await open().verify(VerifyOptions(.data))
    #expect(report.isSound && report.roots == 2 && report.packsOutsideIndex == 0)
  }

  @Test func isAddedToWithoutStoringItAgain() async throws {
    _ = try await open()
    try await withTemporaryDirectory { directory in
      let copy = directory.appending("repository").string
      try FileManager.default.copyItem(atPath: Self.path.string, toPath: copy)
      let repository = try await Repository.open(on: DirectoryTarget(FilePath(copy)))
      let session = try await repository.startSession(.test)
      let content = try await session.store(Self.text)
      #expect(session.statistics.newChunks == 0)
      _ = try await session.publish(name: "third", chunk: content.root)
      #expect(try await repository.reopened().roots().count == 3)
    }
  }
}
