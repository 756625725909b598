import Synchronization
import Testing

@testable import CairnChunks

/// Remembers what is read of a target in memory, and answers when it is told to.
private final class ObservedTarget: Target {
  private let base = MemoryTarget()
  private let reads = Mutex<[Range<Int64>?]>([])
  private let failures = Mutex(0)
  private let isHeld = Mutex(false)

  var name: String { base.name }
  var ranges: [Range<Int64>?] { reads.withLock { $0 } }

  func failNext(_ count: Int) {
    failures.withLock { $0 = count }
  }

  /// Lets reads wait until ``letGo()``, as a server that is slow to answer does.
  func hold() { isHeld.withLock { $0 = true } }
  func letGo() { isHeld.withLock { $0 = false } }

  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8] {
    reads.withLock { $0.append(range) }
    while isHeld.withLock({ $0 }) {
      if Task.isCancelled { throw ChunkStoreError(.cancelled, "the read was cancelled") }
      await Task.yield()
    }
    let fails = failures.withLock { left in
      left -= 1
      return left >= 0
    }
    if fails { throw ChunkStoreError(.temporary, "not now") }
    return try base.load(name, range: range)
  }

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    try base.store(name, source)
  }

  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? { base.findSize(of: name) }

  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    base.names(prefix, after: after, limit: limit)
  }

  func delete(_ name: BlobName) async throws(ChunkStoreError) { base.remove(name) }
}

@Suite struct ReadAheadTargetTests {
  private static let pack = BlobName("packs/one")!
  private static let content = SeededRandom.bytes(100_000, seed: 7)

  private func make(
    _ base: ObservedTarget, spanSize: Int = 1000, depth: Int = 4, budget: Int = 8
  ) async throws -> ReadAheadTarget {
    try await base.put(Self.pack, BlobSource(Self.content))
    return ReadAheadTarget(base, spanSize: spanSize, depth: depth, budget: budget)
  }

  private func read(_ target: ReadAheadTarget, _ range: Range<Int64>) async throws {
    let expected = Self.content[
      min(Int(range.lowerBound), 100_000)..<min(Int(range.upperBound), 100_000)]
    #expect(try await target.get(Self.pack, range: range) == Array(expected), "\(range)")
  }

  @Test func readsInOrderAreAskedForAhead() async throws {
    let base = ObservedTarget()
    let target = try await make(base)
    for start in stride(from: Int64(0), to: 100_000, by: 250) {
      try await read(target, start..<start + 250)
    }
    // One for each span, the first read on its own, and a few behind the end.
    #expect(base.ranges.count <= 100 + 1 + 4)
    #expect(base.ranges.dropFirst().allSatisfy { $0?.count == 1000 })
  }

  @Test func readsThatCrossSpansAreAskedForAheadToo() async throws {
    let base = ObservedTarget()
    let target = try await make(base)
    for start in stride(from: Int64(190), to: 100_000, by: 777) {
      try await read(target, start..<start + 777)
    }
    // The last read itself reaches into the span behind the end.
    #expect(base.ranges.count <= 100 + 1 + 1 + 4)
  }

  @Test func readsHereAndThereAreNot() async throws {
    let base = ObservedTarget()
    let target = try await make(base)
    for start in [90_000, 10, 50_000, 30_000, 70_000] as [Int64] {
      try await read(target, start..<start + 100)
    }
    #expect(base.ranges.count == 5)
    #expect(base.ranges.allSatisfy { $0?.count == 100 })
  }

  @Test func largeReadsAndWholeBlobsArePassedOn() async throws {
    let base = ObservedTarget()
    let target = try await make(base)
    try await read(target, 0..<1001)
    #expect(try await target.get(Self.pack, range: nil) == Self.content)
    #expect(base.ranges == [0..<1001, nil])
  }

  /// Two readers at a time of blobs of any size: what is read is right, and what is kept is bounded.
  @Test(arguments: [1, 2, 3] as [UInt64]) func randomReadsAreRight(seed: UInt64) async throws {
    var random = SeededRandom(seed)
    let base = ObservedTarget()
    let target = ReadAheadTarget(base, spanSize: 64, depth: 3, budget: 6)
    var contents: [BlobName: [UInt8]] = [:]
    for number in 0..<4 {
      let name = BlobName("packs/\(number)")!
      contents[name] = random.bytes(Int(random.next() % 1500))
      try await base.put(name, BlobSource(contents[name]!))
    }
    var position: [BlobName: Int64] = [:]
    for _ in 0..<2000 {
      let name = BlobName("packs/\(random.next() % 4)")!
      let jumps = random.next() % 5 == 0
      let start = jumps ? Int64(random.next() % 1600) : position[name, default: 0]
      let range = start..<start + Int64(random.next() % 90)
      position[name] = range.upperBound
      let content = contents[name]!
      let expected = range.clamped(to: 0..<Int64(content.count))
      #expect(
        try await target.get(name, range: range)
          == Array(content[Int(expected.lowerBound)..<Int(expected.upperBound)]), "\(range)")
      #expect(target.keptSpans <= 6)
    }
  }

  @Test func aFailureAheadIsNoFailure() async throws {
    let base = ObservedTarget()
    let target = try await make(base)
    try await read(target, 0..<250)
    // The span or the one ahead of it.
    base.failNext(1)
    try await read(target, 250..<500)
    try await read(target, 500..<2000)
    base.failNext(1000)
    await #expect(throws: ChunkStoreError.self) {
      try await target.get(BlobName("packs/other")!, range: 0..<10)
    }
  }

  @Test func whatIsDeletedIsMissing() async throws {
    let target = try await make(ObservedTarget())
    try await read(target, 0..<250)
    try await read(target, 250..<500)
    try await target.delete(Self.pack)
    let error = await #expect(throws: ChunkStoreError.self) {
      try await target.get(Self.pack, range: 500..<700)
    }
    #expect(error?.code == .missing)
  }

  /// Who is cancelled does not wait for the server; who waits for the same span gets it all the same.
  @Test(.timeLimit(.minutes(15))) func aCancelledReadEndsSoon() async throws {
    let base = ObservedTarget()
    let target = try await make(base)
    try await read(target, 0..<250)
    base.hold()
    let cancelled = Task { try await target.get(Self.pack, range: 250..<500) }
    let other = Task { try await target.get(Self.pack, range: 500..<750) }
    while base.ranges.count < 2 { await Task.yield() }
    cancelled.cancel()
    let error = await #expect(throws: ChunkStoreError.self) { try await cancelled.value }
    #expect(error?.code == .cancelled)
    base.letGo()
    #expect(try await other.value == Array(Self.content[500..<750]))
  }

  @Test func aBlobMayBeAskedForItsFarthestBytes() async throws {
    let target = try await make(ObservedTarget())
    for distance in [0, 1, 999, 5000, 6001] as [Int64] {
      let end = Int64.max - distance
      for count in [1, 999, 1] as [Int64] {
        try await read(target, end - count..<end)
      }
    }
  }
}
