import CairnCore
import CairnCrypto
import Synchronization
import Testing

@testable import CairnChunks

/// Packs of random segments on a target that counts what is read, answers when it is told to, and
/// fails now and then.
private final class FarPacks: Target {
  struct Read: Hashable {
    let name: BlobName
    let range: Range<Int64>?
  }

  struct Pack {
    let info: PackInfo
    let plain: [UInt8]
  }

  private struct State {
    var sealed: [BlobName: [UInt8]] = [:]
    var reads: [Read] = []
    var failures = 0
    var isHeld = false
    var cancelled = 0
  }

  private let state = Mutex(State())
  let packs: [Pack]
  let keys: PackKeys
  let name = "far packs"

  /// - Parameter sizes: the segments of each pack; the last one is a short one.
  init(_ sizes: [Int], seed: UInt64) throws {
    var random = SeededRandom(seed)
    let keys = PackKeys(target: MemoryTarget(), identities: [])
    var packs: [Pack] = []
    for size in sizes {
      let key = try PayloadKey(FileKey(), nonce: random.bytes(16).span.bytes)
      var cipher = try SegmentCipher(key)
      let plain = random.bytes((size - 1) * Segment.plainSize + 1 + Int(random.next() % 60_000))
      var sealed = random.bytes(100)
      let buffer = ByteBuffer(capacity: Segment.sealedSize)
      for number in 0..<size {
        let start = number * Segment.plainSize
        let part = Array(plain[start..<min(start + Segment.plainSize, plain.count)])
        try part.withUnsafeBytes {
          try cipher.seal(
            $0, index: UInt64(number), isFinal: number == size - 1, into: buffer.free)
        }
        sealed += UnsafeRawBufferPointer(start: buffer.base, count: part.count + Segment.tagSize)
      }
      let info = PackInfo(
        digest: SHA256.hash(of: sealed.span.bytes), size: Int64(sealed.count), payloadOffset: 100)
      keys.remember(key, of: info)
      state.withLock { $0.sealed[info.blob] = sealed }
      packs.append(Pack(info: info, plain: plain))
    }
    self.keys = keys
    self.packs = packs
  }

  var reads: [Read] { state.withLock { $0.reads } }
  var readBytes: Int { reads.reduce(0) { $0 + ($1.range?.count ?? 0) } }
  var cancelledReads: Int { state.withLock { $0.cancelled } }

  func failNext(_ count: Int) { state.withLock { $0.failures = count } }
  func hold() { state.withLock { $0.isHeld = true } }
  func letGo() { state.withLock { $0.isHeld = false } }
  func flipBit(of pack: PackInfo, at offset: Int) {
    state.withLock { $0.sealed[pack.blob]![offset] ^= 1 }
  }

  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8] {
    state.withLock { $0.reads.append(Read(name: name, range: range)) }
    while state.withLock({ $0.isHeld }) {
      if Task.isCancelled {
        state.withLock { $0.cancelled += 1 }
        throw ChunkStoreError(.cancelled, "the read was cancelled")
      }
      await Task.yield()
    }
    let bytes = state.withLock { state -> [UInt8]? in
      state.failures -= 1
      guard state.failures < 0, let sealed = state.sealed[name] else { return nil }
      let range = Int(range?.lowerBound ?? 0)..<Int(range?.upperBound ?? Int64(sealed.count))
      return Array(sealed[range.clamped(to: 0..<sealed.count)])
    }
    guard let bytes else { throw ChunkStoreError(.temporary, "not now") }
    return bytes
  }

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {}
  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? { nil }
  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] { [] }
  func delete(_ name: BlobName) async throws(ChunkStoreError) {}
}

@Suite struct PackWindowsTests {
  private static let limits = PackWindows.Limits(kept: 16, ahead: 64, window: 8, localWindow: 4)

  /// Reads a range of a pack's plaintext as readers of chunks do, and checks it.
  private static func read(
    _ windows: PackWindows, _ pack: FarPacks.Pack, _ range: Range<Int>
  ) throws(ChunkStoreError) {
    let found = ByteBuffer(capacity: range.count)
    var position = range.lowerBound
    while position < range.upperBound {
      let opened = try windows.segments(
        of: pack.info, from: position / Segment.plainSize,
        through: (range.upperBound - 1) / Segment.plainSize)
      let part = position..<min(range.upperBound, opened.range.upperBound)
      opened.append(part, to: found)
      position = part.upperBound
    }
    #expect(Array(found.bytes) == Array(pack.plain[range]), "\(range)")
  }

  private static func segment(_ number: Int, of pack: FarPacks.Pack) -> Range<Int> {
    let start = number * Segment.plainSize
    return start..<min(start + Segment.plainSize, pack.plain.count)
  }

  /// Lets threads do something at the same time, and waits for them.
  private func onThreads<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) -> Result
  ) async -> [Result] {
    let pool = ThreadPool(limit: count)
    return await withTaskGroup(of: Result.self) { group in
      for number in 0..<count { group.addTask { await pool.run { body(number) } } }
      return await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// Several readers of several packs, some of whom read ahead, from a target that fails now and then:
  /// what is read is right, and no more is kept than may be.
  @Test(arguments: [1, 2, 3] as [UInt64]) func readsAreRightAndMemoryIsBounded(
    seed: UInt64
  ) async throws {
    let packs = try FarPacks([1, 9, 40, 23], seed: seed)
    let windows = PackWindows(packs, packs.keys, Self.limits)
    let failures = await onThreads(4) { thread in
      var random = SeededRandom(seed &* 100 &+ UInt64(thread))
      var failed = 0
      var ahead: [ReadAhead] = []
      for _ in 0..<300 {
        let pack = packs.packs[Int(random.next() % 4)]
        let start = Int(random.next() % UInt64(pack.plain.count))
        let range = start..<min(pack.plain.count, start + 1 + Int(random.next() % 200_000))
        if random.next() % 50 == 0 { packs.failNext(2) }
        if random.next() % 4 == 0 {
          let first = start / Segment.plainSize
          let segments = first..<first + 1 + Int(random.next() % 12)
          if let more = windows.readAhead([(pack.info, segments)]) { ahead.append(more) }
          if ahead.count > 3 { ahead.removeFirst() }
        }
        do throws(ChunkStoreError) {
          try Self.read(windows, pack, range)
        } catch {
          #expect(error.code == .temporary)
          failed += 1
        }
        let (kept, held) = windows.counts
        #expect(held <= kept && kept <= Self.limits.ahead, "seed \(seed)")
      }
      return failed
    }
    #expect(failures.reduce(0, +) < 200, "seed \(seed)")
    #expect(windows.counts.held == 0)
    #expect(windows.counts.kept <= Self.limits.kept, "what was read ahead is let go of")
  }

  @Test func whatIsReadAheadIsFetchedOnceWhateverElseIsRead() async throws {
    let packs = try FarPacks([40, 60], seed: 4)
    let windows = PackWindows(packs, packs.keys, Self.limits)
    let (first, second) = (packs.packs[0], packs.packs[1])
    // More than is kept otherwise.
    var ahead = windows.readAhead([(first.info, 0..<20), (first.info, 10..<40)])
    #expect(windows.counts.held == 40)
    _ = await onThreads(2) { _ in
      for number in 0..<60 {
        try? Self.read(windows, second, Self.segment(number * 7 % 60, of: second))
      }
    }
    let before = packs.reads.filter { $0.name == first.info.blob }
    #expect(before.count == 5, "one request for eight segments")
    _ = await onThreads(3) { _ in
      #expect(throws: Never.self) {
        for number in (0..<40).reversed() {
          try Self.read(windows, first, Self.segment(number, of: first))
        }
      }
    }
    #expect(packs.reads.filter { $0.name == first.info.blob } == before)
    withExtendedLifetime(ahead) {}
    ahead = nil
    #expect(windows.counts.held == 0)
    #expect(windows.counts.kept <= Self.limits.kept)
  }

  @Test func noMoreIsReadAheadThanThereIsRoomFor() async throws {
    let packs = try FarPacks([100], seed: 5)
    let windows = PackWindows(packs, packs.keys, Self.limits)
    packs.hold()
    let ahead = windows.readAhead([(packs.packs[0].info, 0..<100)])
    #expect(windows.counts.held == 56)
    #expect(windows.isFull)
    #expect(windows.readAhead([(packs.packs[0].info, 60..<61)]) == nil)
    packs.letGo()
    _ = await onThreads(2) { _ in
      #expect(throws: Never.self) {
        try Self.read(windows, packs.packs[0], 0..<packs.packs[0].plain.count)
      }
      #expect(windows.counts.kept <= Self.limits.ahead)
    }
    withExtendedLifetime(ahead) {}
  }

  @Test func anErrorReachesAllWhoWaitAndIsForgotten() async throws {
    let packs = try FarPacks([9], seed: 6)
    let windows = PackWindows(packs, packs.keys, Self.limits)
    packs.hold()
    packs.failNext(1)
    async let errors = onThreads(5) { _ -> ChunkStoreError? in
      do throws(ChunkStoreError) {
        try Self.read(windows, packs.packs[0], 0..<10)
        return nil
      } catch {
        return error
      }
    }
    while packs.reads.isEmpty { await Task.yield() }
    try await Task.sleep(for: .milliseconds(50))
    packs.letGo()
    // Who comes too late to wait reads for himself.
    let failed = await errors.compactMap { $0 }
    #expect(!failed.isEmpty && failed.allSatisfy { $0.code == .temporary })
    #expect(packs.reads.count == 1 + (failed.count < 5 ? 1 : 0))
    _ = await onThreads(1) { _ in
      #expect(throws: Never.self) { try Self.read(windows, packs.packs[0], 0..<10) }
    }
  }

  @Test func whoWaitsForWhatIsGivenUpReadsForHimself() async throws {
    let packs = try FarPacks([9], seed: 7)
    let windows = PackWindows(packs, packs.keys, Self.limits)
    packs.hold()
    var ahead = windows.readAhead([(packs.packs[0].info, 0..<4)])
    #expect(ahead != nil)
    async let outcome = onThreads(2) { _ in
      #expect(throws: Never.self) { try Self.read(windows, packs.packs[0], 0..<100_000) }
    }
    while packs.reads.isEmpty { await Task.yield() }
    try await Task.sleep(for: .milliseconds(20))
    ahead = nil
    while packs.cancelledReads == 0 { await Task.yield() }
    packs.letGo()
    _ = await outcome
    #expect(windows.counts.held == 0)
  }

  /// What is damaged is told of by who needs it; the rest is read, ahead or not.
  @Test(arguments: [false, true]) func aDamagedSegmentHidesNoOther(isAhead: Bool) async throws {
    let packs = try FarPacks([12], seed: 8)
    let windows = PackWindows(packs, packs.keys, Self.limits)
    let pack = packs.packs[0]
    packs.flipBit(of: pack.info, at: 100 + 3 * Segment.sealedSize + 7)
    let ahead = isAhead ? windows.readAhead([(pack.info, 0..<12)]) : nil
    #expect((ahead != nil) == isAhead)
    let codes = await onThreads(1) { _ in
      (0..<12).map { number -> ChunkStoreError.Code? in
        do throws(ChunkStoreError) {
          try Self.read(windows, pack, Self.segment(number, of: pack))
          return nil
        } catch {
          return error.code
        }
      }
    }
    #expect(codes[0].enumerated().filter { $0.element != nil }.map(\.offset) == [3])
    #expect(codes[0][3] == .damaged)
    withExtendedLifetime(ahead) {}
  }
}
