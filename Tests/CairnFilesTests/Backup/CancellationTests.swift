import CairnChunks
import CairnCore
import CairnFiles
import SystemPackage
import Testing

/// Backups and restores that are ended in the middle: soon, with nothing half done to be seen.
@Suite struct CancellationTests {
  private struct Enough: Error {}

  /// Throws at the first report; how many more there are depends on the time.
  private static let failing = ProgressClosure { _ in throw Enough() }

  /// The files on the target's disk that are not blobs.
  private func leftovers(_ fixture: BackupFixture) async throws -> [String] {
    var blobs: Set<String> = []
    try await fixture.target.forEachBlob("") { blobs.insert("r/" + $0.name.description) }
    let outcome = try walk([WalkRoot(fixture.directory.path + "/target", name: "r")])
    return outcome.entries.filter { $0.kind == .regular }.map { text($0.key) }
      .filter { !blobs.contains($0) }
  }

  /// What becomes of an operation whose task is cancelled: with 0 before it begins, since on a busy
  /// machine all of it may be done before anybody comes to cancel it.
  private func outcome<Value: Sendable>(
    cancellingAfter milliseconds: Int, _ body: @escaping @Sendable () async throws -> Value
  ) async -> Result<Value, any Error> {
    let task = Task {
      if milliseconds == 0 { withUnsafeCurrentTask { $0?.cancel() } }
      return try await body()
    }
    try? await Task.sleep(for: .milliseconds(milliseconds))
    task.cancel()
    return await task.result
  }

  @Test func endsABackupWhoseProgressThrows() async throws {
    let fixture = try await BackupFixture(.directory)
    try fixture.directory.makeRandomTree(in: "source", files: 300, seed: 81)
    try fixture.directory.write([UInt8](repeating: 7, count: 32 << 20), to: "source/large")
    let error = try await storeError {
      try await fixture.backUp(progress: Self.failing)
    }
    #expect(error.code == .cancelled)
    #expect(try await fixture.repository.snapshots() == [])
    // What was stored is found by the next one.
    let report = try await fixture.backUp(into: try await fixture.reopened())
    #expect(report.problems == [])
    let repository = try await fixture.reopened()
    #expect(try await fixture.restore(report.snapshot, from: repository).problems == [])
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
  }

  @Test(arguments: [0, 1, 20, 100])
  func endsABackupWhoseTaskIsCancelled(after milliseconds: Int) async throws {
    let fixture = try await BackupFixture(.directory)
    try fixture.directory.makeRandomTree(in: "source", files: 700, seed: 82)
    try fixture.directory.write([UInt8](repeating: 7, count: 9 << 20), to: "source/large")
    switch await outcome(cancellingAfter: milliseconds, { try await fixture.backUp() }) {
    case .success(let report):
      #expect(milliseconds > 0, "\(report.files) files in no time")
    case .failure(let error):
      #expect((error as? ChunkStoreError)?.code == .cancelled, "\(error)")
      #expect(try await fixture.repository.snapshots() == [])
    }
    // Uploads that were under way may still end, however busy the machine is.
    let start = ContinuousClock.now
    var left = try await leftovers(fixture)
    while !left.isEmpty, ContinuousClock.now - start < .seconds(900) {
      try await Task.sleep(for: .milliseconds(20))
      left = try await leftovers(fixture)
    }
    #expect(left == [])
    #expect(try await fixture.backUp(into: try await fixture.reopened()).problems == [])
  }

  @Test(arguments: [0, 1, 20, 100])
  func endsARestoreWhoseTaskIsCancelled(after milliseconds: Int) async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeRandomTree(in: "source", files: 500, seed: 83)
    try fixture.directory.write([UInt8](repeating: 7, count: 9 << 20), to: "source/large")
    let report = try await fixture.backUp()
    let outcome = await outcome(cancellingAfter: milliseconds) {
      try await fixture.restore(report.snapshot)
    }
    if case .failure(let error) = outcome {
      #expect((error as? ChunkStoreError)?.code == .cancelled, "\(error)")
    } else {
      #expect(milliseconds > 0)
    }
    if try fixture.directory.names().contains("dest") {
      #expect(try fixture.directory.temporaryNames(in: "dest") == [])
    }
    // Again, to the end.
    #expect(try await fixture.restore(report.snapshot).problems == [])
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
  }

  @Test func endsARestoreOfOneLargeFileWhoseProgressThrows() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    var random = Seeded(84)
    try fixture.directory.write(random.bytes((16 << 20)...(16 << 20)), to: "source/large")
    let report = try await fixture.backUp()
    let error = try await storeError {
      try await fixture.restore(report.snapshot, progress: Self.failing)
    }
    #expect(error.code == .cancelled)
    #expect(try fixture.directory.names(in: "dest/source") == [])
  }

  @Test func publishesNothingWhenTheTargetFails() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeRandomTree(in: "source", files: 300, seed: 85)
    let failing = FailingTarget(fixture.target, failingPut: 3)
    let repository = try await Repository.open(on: failing, with: [fixture.identity])
    let error = try await storeError { try await fixture.backUp(into: repository) }
    #expect(error.code == .targetFailed)
    #expect(try await fixture.reopened().snapshots() == [])
    #expect(try await fixture.backUp(into: try await fixture.reopened()).problems == [])
  }
}
