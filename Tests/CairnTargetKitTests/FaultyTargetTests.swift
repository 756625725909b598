import CairnChunks
import CairnTargetKit
import Testing

@Suite struct FaultyTargetTests {
  private let name = BlobName(named: "blob")

  @Test(arguments: TargetFault.Moment.allCases)
  func aPutFailsInItsMoment(_ moment: TargetFault.Moment) async throws {
    let memory = MemoryTarget()
    let target = FaultyTarget(memory) { _ in
      TargetFault(moment, .temporary, retryAfter: .seconds(3))
    }
    let error = await #expect(throws: ChunkStoreError.self) {
      try await target.put(name, BlobSource([1, 2, 3, 4]))
    }
    #expect(error?.isTemporary == true && error?.blob == name)
    #expect(error?.retryAfter == .seconds(3))
    let left: Int64? =
      switch moment {
      case .before, .during: nil
      case .after: 4
      case .torn: 2
      }
    #expect(memory.findSize(of: name) == left)
    #expect(target.faults == target.calls && target.calls.map(\.kind) == [.put])
  }

  @Test func tornAnswersAreShort() async throws {
    let memory = MemoryTarget()
    for text in ["a", "b"] { try memory.store(BlobName(named: text), BlobSource([1, 2, 3, 4])) }
    let target = FaultyTarget(memory) { _ in TargetFault(.torn) }
    #expect(try await target.get(BlobName(named: "a"), range: nil) == [1, 2])
    #expect(try await target.list("", after: nil, limit: 10).map(\.name.description) == ["a"])
  }

  @Test func aSeedChoosesTheSameCalls() async throws {
    func faults(seed: UInt64) async -> [Int] {
      let target = FaultyTarget(MemoryTarget(), seed: seed, rate: 0.3)
      for _ in 0..<200 { _ = try? await target.size(of: name) }
      return target.faults.map(\.number)
    }
    let first = await faults(seed: 5)
    let (again, other) = (await faults(seed: 5), await faults(seed: 6))
    #expect(first == again && first != other)
    #expect((30...90).contains(first.count))
  }

  @Test func aDeletionIsDoneAfterwardsOnly() async throws {
    let memory = MemoryTarget()
    try memory.store(name, BlobSource([1]))
    let target = FaultyTarget(memory) { _ in TargetFault(.before, .targetFailed) }
    await #expect(throws: ChunkStoreError.self) { try await target.delete(name) }
    #expect(memory.findSize(of: name) == 1)
    target.setRule { _ in TargetFault(.after) }
    await #expect(throws: ChunkStoreError.self) { try await target.delete(name) }
    #expect(memory.findSize(of: name) == nil)
  }

  @Test func aSlowTargetTakesItsTime() async throws {
    let clock = SimulatedClock()
    let target = SlowTarget(
      MemoryTarget(), latency: .seconds(1), bytesPerSecond: 100, clock: clock)
    try await target.put(name, BlobSource([UInt8](repeating: 1, count: 200)))
    _ = try await target.get(name, range: 0..<100)
    _ = try await target.list("", after: nil, limit: 10)
    #expect(clock.sleeps == [.seconds(3), .seconds(2), .seconds(1)])
  }

  @Test func aListingLags() async throws {
    let clock = SimulatedClock()
    let target = SlowTarget(MemoryTarget(), listingLag: .seconds(5), clock: clock)
    func names() async throws -> [BlobName] {
      try await target.list("", after: nil, limit: 10).map(\.name)
    }
    try await target.put(name, BlobSource([1]))
    #expect(try await names().isEmpty)
    clock.advance(by: .seconds(5))
    #expect(try await names() == [name])
    try await target.delete(name)
    #expect(try await names() == [name])
    #expect(try await target.size(of: name) == nil)
    clock.advance(by: .seconds(5))
    #expect(try await names().isEmpty)
  }
}
