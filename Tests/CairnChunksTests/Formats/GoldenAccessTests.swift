import CairnCrypto
import Foundation
import SystemPackage
import Testing

@testable import CairnChunks

/// A repository with an owner, a writer and a reader, whose keys were changed once: it was written
/// once and must be read for ever.
@Suite(.serialized) struct GoldenAccessTests {
  private static let path = FilePath(Golden.folder.appendingPathComponent("access").path)

  private static func identity(_ text: String) -> X25519Identity {
    try! X25519Identity(SecretBytes(utf8: text))
  }

  private static let writer = identity(
    "AGE-SECRET-KEY-1AU7WTHXHLPD0HTEMKXT8DM62KYMHG03C2CZUSEXMJM9V4PPH58KQUKFYL7")
  private static let reader = identity(
    "AGE-SECRET-KEY-1MLT24G68TYR0L4HW3VW9EXGT6VWE3W592LEDEFUPRD77WMVY7H5QWLN4GA")

  /// Written with `CAIRN_WRITE_GOLDEN=1` if it is not there; the one that is there stays.
  private static func write() async throws {
    guard !FileManager.default.fileExists(atPath: path.string) else { return }
    let target = try DirectoryTarget(path, creating: true)
    let first = try await Repository.createSmall(on: target)
    try await first.addKey(for: [writer.recipient], label: "writer", capability: .writer)
    try await first.addKey(for: [reader.recipient], label: "reader", capability: .reader)
    try await publish("before", by: first.writer)
    _ = try await first.rotateKeys()
    try await publish("owner", by: Repository.open(on: target).writer)
    try await publish("writer", by: RepositoryWriter.open(on: target, with: [writer]))
  }

  private static func publish(_ name: String, by writer: RepositoryWriter) async throws {
    let session = try await writer.startSession(.test)
    let content = try await session.store(Array("content of \(name)".utf8))
    try await session.publish(name: name, content: content, time: Int64(name.utf8.count))
  }

  private func target() async throws -> DirectoryTarget {
    if Golden.isWriting { try await Self.write() }
    return try DirectoryTarget(Self.path)
  }

  @Test(arguments: [owner, Self.reader])
  func isReadByWhoMayRead(key: X25519Identity) async throws {
    let repository = try await Repository.open(on: target(), with: [key])
    #expect(repository.access.epoch == 2)
    let roots = try await repository.roots()
    #expect(roots.map(\.name).sorted() == ["before", "owner", "writer"])
    for root in roots {
      let bytes = try await repository.readAll(#require(root.content))
      #expect(bytes == Array("content of \(root.name)".utf8))
    }
    #expect(try await repository.verify(VerifyOptions(.data)).isSound)
  }

  @Test func aWriterListsItsOwn() async throws {
    let writer = try await RepositoryWriter.open(on: target(), with: [Self.writer])
    #expect(try await writer.roots().map(\.name) == ["writer"])
    #expect(try await writer.verify(VerifyOptions(.data)).isSound)
  }

  @Test func theOwnerKnowsItsWaysIn() async throws {
    let keys = try await Repository.open(on: target()).keys()
    #expect(keys.map(\.capability) == [.owner, .reader, .writer])
    #expect(keys.map(\.isCurrent) == [true, true, true])
  }
}
