import CairnCore
import Testing

@testable import CairnChunks

/// A put that fails, at every place in a session: the error is reported, what was committed stays,
/// and the next session completes without storing again what landed.
@Suite struct SessionFaultTests {
  private static let before = SeededRandom.bytes(4000, seed: 51)
  private static let after = SeededRandom.bytes(150_000, seed: 52)

  /// Commits a root whose content fills several packs.
  private func commit(
    _ bytes: [UInt8], as name: String, in repository: Repository
  ) async throws -> (root: Root, content: Content, statistics: SessionStatistics) {
    let session = try await repository.startSession(.test)
    let content = try await session.store(bytes)
    let tree = try await session.store(
      sortedEntries: (0..<50).map { Entry("\(name) \(100 + $0)", "value", links: [content.root]) })
    let root = try await session.publish(name: name, chunk: tree.root)
    return (root, content, session.statistics)
  }

  @Test(arguments: FaultyTarget.Fault.allCases, [true, false])
  func everyPutMayFail(fault: FaultyTarget.Fault, reopens: Bool) async throws {
    var put = 0
    while true {
      let target = MemoryTarget()
      let first = try await commit(
        Self.before, as: "before", in: try await Repository.createSmall(on: target))
      let faulty = FaultyTarget(target, failingPut: put, fault)
      let repository = try await Repository.open(on: faulty)
      var error: ChunkStoreError?
      do {
        _ = try await commit(Self.after, as: "after", in: repository)
      } catch let thrown as ChunkStoreError {
        error = thrown
      }
      if !faulty.counts.didFail { break }
      #expect(error?.code == .temporary, "put \(put)")

      // What was committed is there; of the rest, at most a whole root shows.
      let reader = try await Repository.open(on: target)
      let names = try await reader.roots().map(\.name)
      #expect(
        names == ["before"] || (names == ["before", "after"] && fault == .after), "put \(put)")
      #expect(try await reader.readAll(first.content) == Self.before)

      // The next session, of this process or of another, stores what is left.
      let next = reopens ? try await Repository.open(on: target) : repository
      let second = try await commit(Self.after, as: "after", in: next)
      let again = try await Repository.open(on: target)
      #expect(try await again.roots().contains(second.root))
      #expect(try await again.readAll(second.content) == Self.after, "put \(put)")
      #expect(try await again.readAll(first.content) == Self.before)
      let repeated = try await again.storedChunks().filter { $0.value != 1 }
      #expect(repeated.isEmpty, "put \(put)")
      let report = try await again.verify(VerifyOptions(.data))
      #expect(report.isSound, "put \(put): \(report.problems)")
      #expect(report.packsOutsideIndex == 0)
      put += 1
    }
    // Packs of both families, an index blob and the root at the least.
    #expect(put >= 5)
  }

  @Test func afterAFailureEverythingThrows() async throws {
    let target = MemoryTarget()
    _ = try await Repository.createSmall(on: target)
    // The first put announces the session.
    let repository = try await Repository.open(on: FaultyTarget(target, failingPut: 1))
    let session = try await repository.startSession(.test)
    let content = try await session.store(Self.before)
    for attempt in [
      { try await session.flush() },
      { try await session.flush() },
      { _ = try await session.store(Self.before) },
      { _ = try await session.store(Chunk(data: [1])) },
      { _ = try await session.store(sortedEntries: [Entry("a", "b")]) },
      { _ = try await session.publish(name: "never", chunk: content.root) },
    ] as [() async throws -> Void] {
      #expect(try await storeError(attempt).code == .temporary)
    }
    #expect(try await Repository.open(on: target).roots().isEmpty)
  }
}
