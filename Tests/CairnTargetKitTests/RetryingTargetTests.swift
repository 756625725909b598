import CairnChunks
import CairnTargetKit
import Testing

@Suite struct RetryingTargetTests {
  private let name = BlobName(named: "blob")
  private let clock = SimulatedClock()

  @Test func waitsLongerAndLongerAtRandom() async throws {
    let base = FaultyTarget(MemoryTarget()) { $0.number < 12 ? TargetFault(.before) : nil }
    let target = RetryingTarget(
      base, .init(firstDelay: .seconds(1), longestDelay: .seconds(60), deadline: .seconds(3600)),
      clock: clock)
    try await target.put(name, BlobSource([1]))
    #expect(base.calls.count == 13)
    let limits = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60].map { Duration.seconds($0) }
    let sleeps = clock.sleeps
    #expect(sleeps.count == limits.count)
    for (sleep, limit) in zip(sleeps, limits) { #expect(sleep <= limit) }
    // All short: one time in a billion.
    #expect(zip(sleeps, limits).contains { $0 > $1 * 0.2 })
    #expect(Set(sleeps).count > 1)
  }

  @Test func doesWhatTheServerAsks() async throws {
    let base = FaultyTarget(MemoryTarget()) {
      $0.number == 0 ? TargetFault(.before, retryAfter: .seconds(100)) : nil
    }
    #expect(try await RetryingTarget(base, clock: clock).size(of: name) == nil)
    #expect(clock.sleeps == [.seconds(100)])
  }

  @Test func doesNotWaitBeyondTheDeadline() async throws {
    let base = FaultyTarget(MemoryTarget()) { _ in
      TargetFault(.before, retryAfter: .seconds(40))
    }
    let target = RetryingTarget(base, .init(deadline: .seconds(100)), clock: clock)
    let error = await #expect(throws: ChunkStoreError.self) {
      _ = try await target.get(name, range: nil)
    }
    #expect(error?.isTemporary == true && error?.blob == name)
    #expect(error?.retryAfter == .seconds(40))
    #expect("\(error!)".contains("tried 3 times in 80 s"), "\(error!)")
    #expect(clock.sleeps.count == 2)
  }

  @Test(arguments: [ChunkStoreError.Code.targetFailed, .conflict, .missing, .cancelled])
  func tellsAtOnceWhatIsNotTemporary(_ code: ChunkStoreError.Code) async throws {
    let base = FaultyTarget(MemoryTarget()) { _ in TargetFault(.before, code) }
    let target = RetryingTarget(base, clock: clock)
    let error = await #expect(throws: ChunkStoreError.self) { try await target.delete(name) }
    #expect(error?.code == code)
    #expect(base.calls.count == 1 && clock.sleeps.isEmpty)
  }

  @Test func goesOnWithAListingWhereItFailed() async throws {
    let memory = MemoryTarget()
    for number in 1000..<3100 { try memory.store(BlobName(named: "\(number)"), BlobSource([])) }
    let base = FaultyTarget(memory) { $0.number % 2 == 0 ? TargetFault(.before) : nil }
    let target = RetryingTarget(base, clock: clock)
    var found: [String] = []
    try await target.forEachBlob("") { found.append($0.name.description) }
    #expect(found == (1000..<3100).map(String.init))
    #expect(base.faults.count > 2)
  }

  @Test func doesNotRepeatWhatFailsOutsideTheTarget() async throws {
    let memory = MemoryTarget()
    try memory.store(name, BlobSource([1]))
    var count = 0
    await #expect(throws: ChunkStoreError.self) {
      try await RetryingTarget(memory, clock: clock).forEachBlob("") {
        (_) throws(ChunkStoreError) in
        count += 1
        throw ChunkStoreError(.temporary, "the host's")
      }
    }
    #expect(count == 1)
  }

  @Test func whatTookEffectIsNotFelt() async throws {
    let memory = MemoryTarget()
    let base = FaultyTarget(memory) { $0.number % 2 == 0 ? TargetFault(.after) : nil }
    let target = RetryingTarget(base, clock: clock)
    try await target.put(name, BlobSource([1, 2]))
    #expect(try await target.get(name, range: nil) == [1, 2])
    try await target.delete(name)
    #expect(memory.findSize(of: name) == nil)
  }

  @Test func cancellationEndsTheWait() async throws {
    let base = FaultyTarget(MemoryTarget()) { _ in TargetFault(.before) }
    // The clock of the machine: the wait would take a minute.
    let target = RetryingTarget(
      base, .init(firstDelay: .seconds(60), longestDelay: .seconds(60), deadline: .seconds(600)))
    let task = Task { [name] in try await target.put(name, BlobSource([1])) }
    while base.calls.isEmpty { await Task.yield() }
    task.cancel()
    let error = await #expect(throws: ChunkStoreError.self) { try await task.value }
    #expect(error?.code == .cancelled)
  }
}
