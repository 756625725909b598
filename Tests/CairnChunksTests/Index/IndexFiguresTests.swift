import CairnCrypto
import Foundation
import SystemPackage
import Testing

@testable import CairnChunks

private let figuresChunkCount =
  ProcessInfo.processInfo.environment["CAIRN_INDEX_FIGURES"].flatMap { Int($0) } ?? 0

/// Prints the figures of the documentation; with `CAIRN_INDEX_FIGURES=1000000` for that many chunks, in
/// release.
@Suite(.serialized, .enabled(if: figuresChunkCount > 0))
struct IndexFiguresTests {
  private static func time(_ what: String, of count: Int, _ body: () throws -> Void) rethrows {
    let clock = ContinuousClock()
    let taken = try clock.measure(body) / .seconds(1)
    print("\(what): \(Int(taken * 1000)) ms, \(Int(taken / Double(count) * 1e9)) ns each")
  }

  private func ask(_ index: any ChunkIndex, _ known: [ChunkID], _ random: inout SeededRandom) throws
  {
    let hits = known.shuffled(using: &random).prefix(1_000_000)
    try Self.time("hits", of: hits.count) {
      for id in hits where try index.place(of: id) == nil { Issue.record("\(id) is lost") }
    }
    let absent = (0..<1_000_000).map { _ in IndexModel.id(&random) }
    try Self.time("misses", of: absent.count) {
      for id in absent where try index.place(of: id) != nil { Issue.record("\(id) is not there") }
    }
  }

  private func fill(
    _ index: any ChunkIndex, _ random: inout SeededRandom, _ step: () throws -> Void = {}
  ) throws -> [ChunkID] {
    var known: [ChunkID] = []
    while known.count < figuresChunkCount {
      let contents = IndexModel.contents(4096, blockOf: 16, &random)
      // A few millions are enough to ask for.
      if known.count < 4_000_000 { known += contents.table.entries.map(\.id) }
      try index.insert(IndexModel.pack(&random), contents)
      try step()
      if index.count >= figuresChunkCount { break }
    }
    return known
  }

  @Test func inMemory() throws {
    var random = SeededRandom(601)
    let index = CompactChunkIndex(spoolDirectory: "/var/tmp")
    var known: [ChunkID] = []
    try Self.time("insert, and making the ids", of: figuresChunkCount) {
      known = try fill(index, &random)
    }
    print("\(Double(index.memoryBytes) / Double(index.count)) bytes each")
    try ask(index, known, &random)
  }

  @Test func onDisk() throws {
    var random = SeededRandom(602)
    let directory = FilePath("/var/tmp/cairn-index-figures")
    try? FileManager.default.removeItem(atPath: directory.string)
    try FileManager.default.createDirectory(
      atPath: directory.string, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory.string) }
    let index = DiskChunkIndex(directory)
    _ = try index.open(for: RepositoryID("00112233445566778899aabbccddeeff")!)
    var known: [ChunkID] = []
    try Self.time("insert and save, and making the ids", of: figuresChunkCount) {
      known = try fill(index, &random) {
        if index.isFull { try index.save(IndexBlobSet(), undescribed: []) }
      }
      try index.save(IndexBlobSet(), undescribed: [])
    }
    let size = try FileManager.default.attributesOfItem(
      atPath: directory.appending("index-00112233445566778899aabbccddeeff.trees").string)[.size]
    print("file: \(size ?? 0) bytes")
    try ask(index, known, &random)
  }

  @Test func loadingBlobs() async throws {
    var random = SeededRandom(603)
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    var made = 0
    while made < figuresChunkCount {
      try putBlob(64, on: target, repository, &random)
      made += 64 * 4096
    }
    let other = try await Repository.open(on: target)
    let clock = ContinuousClock()
    let taken = try await clock.measure { try await other.refresh() } / .seconds(1)
    print("load \(made) chunks from blobs: \(Int(taken * 1000)) ms")
  }

  private func putBlob(
    _ packCount: Int, on target: MemoryTarget, _ repository: Repository,
    _ random: inout SeededRandom
  ) throws {
    var file = try IndexBlobFile(
      in: repository.makeSpool(or: "/dev/shm"), repository.keyring, replacing: [])
    for _ in 0..<packCount {
      let contents = IndexModel.contents(4096, blockOf: 16, &random)
      try file.append(IndexModel.pack(&random), table: contents.table.encoded)
    }
    let (name, source) = try file.finish()
    try target.store(name, source)
  }
}
