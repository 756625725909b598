import CairnCore
import CairnCrypto
import Foundation
import SystemPackage
import Testing

@testable import CairnChunks

#if os(Linux)
  /// Noise without end, as fast as it is asked for.
  private struct NoiseReader: ByteReader, Sendable {
    var left: Int
    private var state: UInt64 = 161

    init(_ count: Int) {
      left = count
    }

    mutating func read(into buffer: inout OutputRawSpan) -> Int {
      buffer.append { free in
        let count = min(left, free.count)
        let words = UnsafeMutableRawBufferPointer(rebasing: free[..<(count & ~7)])
          .bindMemory(to: UInt64.self)
        for word in words.indices {
          // xorshift, inline: in debug a generator would take longer than what is tested.
          state ^= state << 13
          state ^= state >> 7
          state ^= state << 17
          words[word] = state
        }
        for byte in count & ~7..<count { free[byte] = 7 }
        left -= count
        return count
      }
    }
  }

  /// Takes blobs and keeps none of them.
  private struct DiscardingTarget: LocalTarget {
    let kept = MemoryTarget()
    var name: String { "nowhere" }

    func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
      if source.spooledFile == nil { try kept.store(name, source) }
    }
    func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
      try kept.load(name, range: range)
    }
    func findSize(of name: BlobName) -> Int64? { kept.findSize(of: name) }
    func names(_ prefix: String, after: BlobName?, limit: Int) -> [BlobInfo] {
      kept.names(prefix, after: after, limit: limit)
    }
    func remove(_ name: BlobName) { kept.remove(name) }
  }

  /// The most memory that this process ever used, in KiB.
  private func peakMemory() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
  }

  @Suite struct SessionMemoryTests {
    /// For two workers: five buffers of 1.25 MiB to read into, two lanes of 2 MiB, and packs under
    /// way of 0.5 MiB each, of which four are open or on their way to the target, make some 13 MiB;
    /// that and as much again for the index, the allocator and a debug build is the bound, a tenth
    /// of the stream.
    @Test func aLongStreamTakesLittleMemory() async throws {
      await #expect(processExitsWith: .success) {
        let repository = try await Repository.create(
          on: DiscardingTarget(), for: [owner.recipient])
        let session = try await repository.startSession(
          SessionOptions(spoolDirectory: "/dev/shm", workerCount: 2))
        _ = try await session.store(contentsOf: NoiseReader(1 << 20))
        let before = try peakMemory()
        let content = try await session.store(contentsOf: NoiseReader(300 << 20))
        try await session.flush()
        #expect(content.byteCount == 300 << 20)
        #expect(session.statistics.newBytes > 290 << 20)
        let grown = try peakMemory() - before
        #expect(grown < 32 << 10, "\(grown) KiB beyond \(before) KiB")
      }
    }

    /// The entries are 42 MB; a tree of them is built in a node on each level and a batch of 256,
    /// so what grows is the index of 5,000 nodes and the packs under way.
    @Test func aLongTreeTakesLittleMemory() async throws {
      await #expect(processExitsWith: .success) {
        struct Numbers: AsyncSequence, AsyncIteratorProtocol {
          var next = 0
          let end: Int
          func makeAsyncIterator() -> Self { self }
          mutating func next() async -> Entry? {
            guard next < end else { return nil }
            next += 1
            return Entry(
              key: withUnsafeBytes(of: UInt64(next).bigEndian) { Array($0) },
              value: [UInt8](repeating: 1, count: 200), weight: 1)
          }
        }
        let repository = try await Repository.create(
          on: DiscardingTarget(), for: [owner.recipient])
        let session = try await repository.startSession(
          SessionOptions(spoolDirectory: "/dev/shm", workerCount: 2))
        _ = try await session.store(entries: Numbers(end: 1000))
        let before = try peakMemory()
        let tree = try await session.store(entries: Numbers(end: 200_000))
        try await session.flush()
        #expect(tree.count == 200_000 && tree.weight == 200_000)
        let grown = try peakMemory() - before
        #expect(grown < 16 << 10, "\(grown) KiB beyond \(before) KiB")
      }
    }
  }
#endif
