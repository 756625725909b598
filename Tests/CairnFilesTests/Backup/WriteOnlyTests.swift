import CairnChunks
import CairnCore
import CairnCrypto
import CairnFiles
import Foundation
import SystemPackage
import Testing

/// Backups by a machine that may only write.
@Suite struct WriteOnlyTests {
  private let key = try! X25519Identity.generate()

  private func makeFixture() async throws -> BackupFixture {
    let fixture = try await BackupFixture()
    try await fixture.repository.addKey(
      for: [key.recipient], label: "writer", capability: .writer)
    try fixture.directory.makeRandomTree(in: "source", files: 200, seed: 31)
    try fixture.directory.makeDirectory("local")
    try await fixture.letTimePass()
    return fixture
  }

  private func backUp(_ fixture: BackupFixture, local: Bool = true) async throws -> BackupReport {
    var options = BackupOptions(name: "by a writer")
    options.host = "here"
    if local { options.localCopy = FilePath(fixture.directory.path + "/local") }
    let writer = try await RepositoryWriter.open(on: fixture.target, with: [key])
    #expect(writer.capability == .writer)
    return try await Backup(into: writer, options).run(
      [WalkRoot(fixture.sourcePath)],
      session: SessionOptions(spoolDirectory: "/tmp", workerCount: 2))
  }

  private func localFile(_ fixture: BackupFixture) throws -> String {
    let folder = fixture.directory.path + "/local/"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(names.count == 1)
    return folder + (try #require(names.first))
  }

  @Test func readsNothingWhereNothingChanged() async throws {
    let fixture = try await makeFixture()
    let first = try await backUp(fixture)
    #expect(first.previous == nil && first.localProblem == nil && first.readBytes > 0)
    let second = try await backUp(fixture)
    #expect(second.previous == first.snapshot.id.description)
    #expect(second.previousProblem == nil && second.localProblem == nil)
    #expect(second.readBytes == 0 && second.unchangedFiles == first.files)
    #expect(second.snapshot.tree == first.snapshot.tree)
    #expect(second.store.newChunks == 1, "the record of the snapshot")
  }

  @Test func anOwnerRestoresWhatChanged() async throws {
    let fixture = try await makeFixture()
    _ = try await backUp(fixture)
    try fixture.directory.write("added", to: "source/added")
    try await fixture.letTimePass()
    let second = try await backUp(fixture)
    #expect(second.readBytes == 5)
    let repository = try await fixture.reopened()
    let snapshot = try await repository.snapshot("latest")
    #expect(snapshot == second.snapshot)
    try await fixture.restore(snapshot, from: repository)
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
    #expect(try await repository.verify(VerifyOptions(.data)).isSound)
  }

  @Test func onlyTheUserReadsTheCopy() async throws {
    let fixture = try await makeFixture()
    _ = try await backUp(fixture)
    let attributes = try FileManager.default.attributesOfItem(atPath: localFile(fixture))
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func withoutACopyEverythingIsReadAndNothingStored() async throws {
    let fixture = try await makeFixture()
    let first = try await backUp(fixture)
    let second = try await backUp(fixture, local: false)
    #expect(second.previous == nil && second.readBytes == first.readBytes)
    #expect(second.store.newChunks == 1)
    #expect(second.snapshot.tree == first.snapshot.tree)
  }

  /// Damage costs reading again; it never changes what is stored.
  @Test(arguments: 0..<12)
  func aDamagedCopyCostsTimeOnly(number: Int) async throws {
    let fixture = try await makeFixture()
    let first = try await backUp(fixture)
    let path = try localFile(fixture)
    var bytes = try Data(contentsOf: URL(filePath: path))
    var random = Seeded(UInt64(40 + number))
    switch number {
    case 0: bytes = Data()
    case 1: bytes.removeLast(bytes.count / 2)
    case 2: bytes = Data(repeating: 0xFF, count: bytes.count)
    default:
      for _ in 0..<number {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
          1
          << UInt8.random(
            in: 0..<8, using: &random)
      }
    }
    try bytes.write(to: URL(filePath: path))
    let second = try await backUp(fixture)
    #expect(second.problems == [] && second.localProblem == nil)
    #expect(second.files == first.files && second.bytes == first.bytes)
    let repository = try await fixture.reopened()
    try await fixture.restore(second.snapshot, from: repository)
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
    // It is whole again.
    let third = try await backUp(fixture)
    #expect(third.readBytes == 0 && third.previousProblem == nil)
  }

  @Test func aCopyThatCannotBeWrittenIsSaid() async throws {
    let fixture = try await makeFixture()
    try FileManager.default.removeItem(atPath: fixture.directory.path + "/local")
    let report = try await backUp(fixture)
    #expect(report.localProblem != nil)
    let repository = try await fixture.reopened()
    #expect(try await repository.snapshots().map(\.id) == [report.snapshot.id])
  }
}
