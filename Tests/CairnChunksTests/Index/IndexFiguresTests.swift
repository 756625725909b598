import CairnCrypto
import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import CairnChunks

private let environment = ProcessInfo.processInfo.environment
private let figuresChunkCount = environment["CAIRN_INDEX_FIGURES"].flatMap { Int($0) } ?? 0
private let figuresDirectory = environment["CAIRN_INDEX_FIGURES_DIRECTORY"] ?? "/var/tmp"

/// Prints the figures of the documentation; with `CAIRN_INDEX_FIGURES=1000000` for that many chunks, in
/// release. For 100 million, `CAIRN_INDEX_FIGURES_DIRECTORY`, else `/var/tmp`, needs 20 GB.
@Suite(.serialized, .enabled(if: figuresChunkCount > 0))
struct IndexFiguresTests {
  private static let chunksPerPack = 4096
  private static let questions = 1_000_000

  /// Made from its number, so that the measured process need not remember those that it stored.
  private static func id(_ number: Int) -> ChunkID {
    var random = SeededRandom(UInt64(number) &* 0x9E37_79B9_7F4A_7C15 &* 4)
    let words = (random.next(), random.next(), random.next(), random.next())
    return withUnsafeBytes(of: words) { ChunkID(Digest(bytes: $0)) }
  }

  private static func table(ofPack number: Int, _ random: inout SeededRandom) -> PackTable {
    let first = number * chunksPerPack
    let count = min(chunksPerPack, figuresChunkCount - first)
    return IndexModel.table((first..<first + count).map(id), blockOf: 16, &random)
  }

  private static var packCount: Int { (figuresChunkCount - 1) / chunksPerPack + 1 }

  private static func time(_ what: String, of count: Int, _ body: () throws -> Void) rethrows {
    let taken = try ContinuousClock().measure(body) / .seconds(1)
    report(what, count, taken)
  }

  private static func report(_ what: String, _ count: Int, _ seconds: Double) {
    print("\(what): \(Int(seconds * 1000)) ms, \(Int(seconds / Double(count) * 1e9)) ns each")
  }

  private func ask(_ index: any ChunkIndex) throws {
    var random = SeededRandom(604)
    try Self.time("found", of: Self.questions) {
      for _ in 0..<Self.questions {
        let number = Int.random(in: 0..<figuresChunkCount, using: &random)
        if try index.place(of: Self.id(number)) == nil { Issue.record("\(number) is lost") }
      }
    }
    try Self.time("not found", of: Self.questions) {
      for number in figuresChunkCount..<figuresChunkCount + Self.questions
      where try index.place(of: Self.id(number)) != nil {
        Issue.record("\(number) is not there")
      }
    }
  }

  @Test func inMemory() throws {
    var random = SeededRandom(601)
    let index = CompactChunkIndex(spoolDirectory: FilePath(figuresDirectory))
    try Self.time("memory: insert, and make the ids", of: figuresChunkCount) {
      for number in 0..<Self.packCount {
        let table = Self.table(ofPack: number, &random)
        try index.insert(IndexModel.pack(&random), PackContents(table))
      }
    }
    print("\(Double(index.memoryBytes) / Double(index.count)) bytes each")
    try ask(index)
  }

  /// As a machine does that opens a large repository for the first time.
  @Test func onDisk() async throws {
    let directory = FilePath(figuresDirectory).appending("cairn-index-figures")
    try? FileManager.default.removeItem(atPath: directory.string)
    try FileManager.default.createDirectory(
      atPath: directory.string, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory.string) }
    let target = try DirectoryTarget(directory.appending("repository"), creating: true)
    let repository = try await Repository.createSmall(on: target)
    var random = SeededRandom(602)
    for first in stride(from: 0, to: Self.packCount, by: 64) {
      var file = try IndexBlobFile(
        in: repository.makeSpool(or: directory), repository.keyring, replacing: [])
      for number in first..<min(first + 64, Self.packCount) {
        let table = Self.table(ofPack: number, &random)
        try file.append(IndexModel.pack(&random), table: table.encoded)
      }
      let (name, source) = try file.finish()
      try target.store(name, source)
    }

    let memory = MemoryWatch()
    let index = DiskChunkIndex(directory)
    let opened = try await Repository.open(on: target, options: .init(index: index))
    let taken = try await ContinuousClock().measure { try await opened.refresh() } / .seconds(1)
    #expect(index.count == figuresChunkCount)
    Self.report("disk: insert from index blobs", figuresChunkCount, taken)
    let path = directory.appending("index-\(opened.id).trees").string
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size]
    print("\(index.runCount) runs, file: \(size ?? 0) bytes")
    try ask(index)
    memory.end()
  }
}

/// Prints the peak of the process's memory since it was made, looked at a hundred times a second.
private final class MemoryWatch: Sendable {
  private struct State {
    var isOver = false
    var peak: [String: Int] = [:]
  }

  private let state = Mutex(State())
  private let before: [String: Int]

  init() {
    before = Self.now()
    Thread.detachNewThread { [self] in
      while !state.withLock({ $0.isOver }) {
        look()
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
  }

  private func look() {
    let now = Self.now()
    state.withLock { $0.peak.merge(now) { max($0, $1) } }
  }

  func end() {
    look()
    let peak = state.withLock { state in
      state.isOver = true
      return state.peak
    }
    for key in peak.keys.sorted() {
      print("\(key): \(peak[key, default: 0] >> 10) MiB, \(before[key, default: 0] >> 10) before")
    }
  }

  /// In KiB, what is the process's own and what is of mapped files; Linux only.
  private static func now() -> [String: Int] {
    let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    var found: [String: Int] = [:]
    for line in (status ?? "").split(separator: "\n") {
      let words = line.split(whereSeparator: { $0 == ":" || $0 == " " || $0 == "\t" })
      guard words.count > 1, ["RssAnon", "RssFile", "VmRSS"].contains(words[0]) else { continue }
      found[String(words[0])] = Int(words[1])
    }
    return found
  }
}
