import CairnChunks
import CairnTargetKit
import Testing

@Suite struct RateLimitedTargetTests {
  private let name = BlobName(named: "blob")
  private let clock = SimulatedClock()
  private let bytes = [UInt8](repeating: 7, count: 10_000)

  private func passed(_ body: () async throws -> Void) async throws -> Double {
    let start = clock.now
    try await body()
    return start.duration(to: clock.now) / .seconds(1)
  }

  @Test func bytesTakeTheirTime() async throws {
    let memory = MemoryTarget()
    let target = RateLimitedTarget(memory, upload: 1000, download: 2000, clock: clock)
    // A quarter of a second's worth is free.
    let put = try await passed { try await target.put(name, BlobSource(bytes)) }
    #expect(abs(put - 9.75) < 0.01, "\(put)")
    let get = try await passed {
      let found = try await target.get(name, range: nil)
      #expect(found == bytes)
    }
    #expect(abs(get - 4.75) < 0.3, "\(get)")
    let part = try await passed {
      let found = try await target.get(name, range: 9000..<20_000)
      #expect(found.count == 1000)
    }
    #expect(part < 0.6, "\(part)")
  }

  @Test func piecesAreSmall() async throws {
    let base = FaultyTarget(MemoryTarget()) { _ in nil }
    try await base.put(name, BlobSource(bytes))
    let target = RateLimitedTarget(base, download: 4000, clock: clock)
    #expect(try await target.get(name, range: nil) == bytes)
    #expect(base.calls.count { $0.kind == .get } == 11)
  }

  @Test func allCallsShareTheLimit() async throws {
    let memory = MemoryTarget()
    let target = RateLimitedTarget(memory, upload: 1000, clock: clock)
    let time = try await passed {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<5 {
          group.addTask { [bytes] in
            try await target.put(BlobName(named: "blob-\(number)"), BlobSource(bytes))
          }
        }
        try await group.waitForAll()
      }
    }
    #expect(time >= 49.7, "\(time)")
  }

  @Test func withoutALimitNothingWaits() async throws {
    let target = RateLimitedTarget(MemoryTarget(), clock: clock)
    try await target.put(name, BlobSource(bytes))
    #expect(try await target.get(name, range: nil) == bytes)
    #expect(clock.sleeps.isEmpty)
  }

  @Test func aPutThatWaitsCanBeCancelled() async throws {
    let memory = MemoryTarget()
    // The clock of the machine: the put would take three hours.
    let target = RateLimitedTarget(memory, upload: 1)
    let task = Task { [name, bytes] in try await target.put(name, BlobSource(bytes)) }
    await Task.yield()
    task.cancel()
    let error = await #expect(throws: ChunkStoreError.self) { try await task.value }
    #expect(error?.code == .cancelled && error?.blob == name)
    #expect(memory.findSize(of: name) == nil)
  }
}
