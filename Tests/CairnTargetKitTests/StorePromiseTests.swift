import CairnChunks
import CairnCrypto
import CairnTargetKit
import Foundation
import SystemPackage
import Testing

/// Whether tests run that take minutes.
private let runsLongTests = ProcessInfo.processInfo.environment["CAIRN_LONG_TESTS"] == "1"

/// What a repository promises, on a target that fails.
@Suite struct StorePromiseTests {
  private static let identity = try! X25519Identity.generate()
  private static let kept = bytes(40_000, seed: 81)
  private static let added = bytes(60_000, seed: 82)

  /// Does not wait for sessions that failed.
  private static let collecting = CollectionOptions(
    patience: .zero, closesSessionsAfter: .zero,
    session: SessionOptions(spoolDirectory: "/tmp", workerCount: 1))

  private static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }

  private func open(_ target: any Target) async throws -> Repository {
    try await Repository.open(on: target, with: [Self.identity])
  }

  private func commit(
    _ bytes: [UInt8], as name: String, in repository: Repository
  ) async throws {
    let session = try await repository.startSession(
      SessionOptions(spoolDirectory: "/tmp", workerCount: 1))
    try await session.publish(name: name, content: try await session.store(bytes))
    try await session.end()
  }

  private func read(_ name: String, in repository: Repository) async throws -> [UInt8] {
    let content = try #require(try await repository.root(name).content)
    return try await repository.read(content, in: 0..<content.byteCount)
  }

  /// A repository with two roots, one of which is to be forgotten.
  private func prepared() async throws -> MemoryTarget {
    let memory = MemoryTarget()
    let repository = try await Repository.create(on: memory, for: [Self.identity.recipient])
    try await commit(Self.kept, as: "kept", in: repository)
    try await commit(Self.bytes(50_000, seed: 83), as: "old", in: repository)
    return memory
  }

  /// All that a host does, on one target.
  private func useAll(_ target: any Target) async throws {
    let repository = try await open(target)
    try await commit(Self.added, as: "added", in: repository)
    #expect(try await read("kept", in: repository) == Self.kept)
    #expect(try await read("added", in: repository) == Self.added)
    let old = try await repository.root("old")
    try await repository.forget([old])
    _ = try await repository.collectGarbage(options: Self.collecting)
    let report = try await repository.verify(VerifyOptions(.data))
    for problem in report.problems where !problem.message.contains("was made to fail") {
      Issue.record("\(problem)")
    }
  }

  private func expectSound(_ memory: MemoryTarget, _ what: String) async throws {
    let repository = try await open(memory)
    let report = try await repository.verify(VerifyOptions(.data))
    #expect(report.isSound, "\(what): \(report.problems)")
    #expect(try await read("kept", in: repository) == Self.kept, "\(what)")
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func temporaryFailuresAreNotFelt(seed: UInt64) async throws {
    let memory = try await prepared()
    let faulty = FaultyTarget(memory, seed: seed, rate: 0.25)
    let target = RetryingTarget(
      faulty, .init(deadline: .seconds(1_000_000)), clock: SimulatedClock())
    try await useAll(target)
    #expect(faulty.faults.count > 5, "seed \(seed)")
    try await expectSound(memory, "seed \(seed)")
    #expect(try await open(memory).roots().map(\.name).sorted() == ["added", "kept"])
  }

  /// A call fails once, for good, in each moment in which it may: every fifth call, or each one
  /// where long tests are run.
  @Test(arguments: [TargetFault.Moment.before, .during, .after])
  func aLastingFailureIsToldAndLosesNothing(_ moment: TargetFault.Moment) async throws {
    let base = try await prepared()
    let step = runsLongTests ? 1 : 5
    // Other calls in each moment.
    var number = runsLongTests || moment == .before ? 0 : moment == .during ? 2 : 4
    while true {
      let memory = try copy(of: base)
      let faulty = FaultyTarget(memory) { [number] call in
        call.number == number ? TargetFault(moment, .targetFailed) : nil
      }
      let what = "\(moment) call \(number)"
      do {
        try await useAll(faulty)
      } catch let error as ChunkStoreError {
        // Some failures are none: what only saves work is left out.
        #expect(error.code == .targetFailed || error.code == .revoked, "\(what): \(error)")
        #expect(
          error.code == .revoked || "\(error)".contains("was made to fail"), "\(what): \(error)")
      }
      guard faulty.calls.count > number else { break }
      try await expectSound(memory, what)
      // And what was begun is completed by the next.
      try await finish(memory, what)
      number += step
    }
    #expect(number > 30)
  }

  private func finish(_ memory: MemoryTarget, _ what: String) async throws {
    let repository = try await open(memory)
    let names = Set(try await repository.roots().map(\.name))
    if !names.contains("added") { try await commit(Self.added, as: "added", in: repository) }
    for root in try await repository.roots() where root.name == "old" {
      try await repository.forget([root])
    }
    _ = try await repository.collectGarbage(options: Self.collecting)
    let again = try await open(memory)
    #expect(try await read("added", in: again) == Self.added, "\(what)")
    try await expectSound(memory, what)
  }

  private func copy(of memory: MemoryTarget) throws -> MemoryTarget {
    let copy = MemoryTarget()
    for blob in memory.names("", after: nil, limit: .max) {
      try copy.store(blob.name, BlobSource(try memory.load(blob.name, range: nil)))
    }
    return copy
  }

  /// A server that answers with half of what is there is found out; what is there is not harmed.
  @Test func shortAnswersAreNotTakenForContent() async throws {
    let base = try await prepared()
    var number = 0
    while true {
      let memory = try copy(of: base)
      let faulty = FaultyTarget(memory) { [number] call in
        call.kind == .get && call.numberOfKind == number ? TargetFault(.torn) : nil
      }
      do {
        let repository = try await open(faulty)
        let found = try await read("kept", in: repository)
        #expect(found == Self.kept, "get \(number)")
      } catch let error as ChunkStoreError {
        #expect(
          [.damaged, .missing, .noAccess, .noRepository, .notFound].contains(error.code),
          "get \(number): \(error)")
      }
      guard !faulty.faults.isEmpty else { break }
      try await expectSound(memory, "get \(number)")
      number += 1
    }
    #expect(number >= 5)
  }

  /// A put that leaves half a blob, which no target may, is not taken for a commit.
  @Test func tornPutsAreFound() async throws {
    let base = try await prepared()
    var number = 0
    while true {
      let memory = try copy(of: base)
      let faulty = FaultyTarget(memory) { [number] call in
        call.kind == .put && call.numberOfKind == number
          ? TargetFault(.torn, .targetFailed) : nil
      }
      do {
        try await commit(Self.added, as: "added", in: try await open(faulty))
      } catch let error as ChunkStoreError {
        #expect("\(error)".contains("was made to fail"), "put \(number): \(error)")
      }
      guard !faulty.faults.isEmpty else { break }
      do {
        #expect(
          try await read("kept", in: try await open(memory)) == Self.kept, "put \(number)")
      } catch let error as ChunkStoreError {
        // It says which blob it is, and that it is to be removed; then all is as it was.
        #expect(error.code == .damaged, "put \(number): \(error)")
        memory.remove(try #require(error.blob))
        #expect(
          try await read("kept", in: try await open(memory)) == Self.kept, "put \(number)")
      }
      number += 1
    }
    #expect(number >= 3)
  }
}
