import CairnChunks
import CairnTargetKit
import Foundation
import Synchronization
import SystemPackage
import Testing

/// All that `Target` asks for.
enum Requirement: String, CaseIterable {
  case name, put, get, size, list, forEachBlob, delete, spoolDirectory

  func use(_ target: any Target) async throws(ChunkStoreError) {
    let blob = BlobName(named: "a/blob")
    switch self {
    case .name: _ = target.name
    case .put: try await target.put(blob, BlobSource([1]))
    case .get: _ = try await target.get(blob, range: nil)
    case .size: _ = try await target.size(of: blob)
    case .list: _ = try await target.list("a/", after: nil, limit: 10)
    case .forEachBlob: try await target.forEachBlob("a/") { _ in }
    case .delete: try await target.delete(blob)
    case .spoolDirectory: _ = target.spoolDirectory
    }
  }
}

/// Has everything that `Target` asks for of its own, and remembers what was used.
private final class RecordingTarget: Target {
  private let base = MemoryTarget()
  private let used = Mutex<[Requirement]>([])

  init() throws {
    try base.store(BlobName(named: "a/blob"), BlobSource([1]))
  }

  var requirements: [Requirement] { used.withLock { $0 } }

  private func note(_ requirement: Requirement) {
    used.withLock { $0.append(requirement) }
  }

  var name: String {
    note(.name)
    return base.name
  }

  var spoolDirectory: FilePath? {
    note(.spoolDirectory)
    return nil
  }

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    note(.put)
    try base.store(name, source)
  }

  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8] {
    note(.get)
    return try base.load(name, range: range)
  }

  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    note(.size)
    return base.findSize(of: name)
  }

  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    note(.list)
    return base.names(prefix, after: after, limit: limit)
  }

  func forEachBlob(
    _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    note(.forEachBlob)
    for blob in base.names(prefix, after: nil, limit: .max) { try await body(blob) }
  }

  func delete(_ name: BlobName) async throws(ChunkStoreError) {
    note(.delete)
    base.remove(name)
  }
}

/// A decorator, and what reaches the other target of the calls that it changes.
struct Decoration: Sendable, CustomTestStringConvertible {
  let testDescription: String
  var changes: [Requirement: [Requirement]] = [:]
  let decorate: @Sendable (any Target, FilePath) -> any Target

  static let all = [
    Decoration(testDescription: "one of a host's") { base, _ in Plain(base: base) },
    Decoration(testDescription: "retrying") { base, _ in RetryingTarget(base) },
    Decoration(testDescription: "rate-limited") { base, _ in
      RateLimitedTarget(base, upload: 1 << 20, download: 1 << 20, clock: SimulatedClock())
    },
    Decoration(testDescription: "caching") { CachingTarget($0, in: $1, budget: 1 << 20) },
    Decoration(testDescription: "reading ahead") { base, _ in ReadAheadTarget(base) },
    Decoration(testDescription: "read-only", changes: [.put: [.name], .delete: [.name]]) {
      base, _ in ReadOnlyTarget(base)
    },
    Decoration(testDescription: "append-only", changes: [.delete: [.name]]) { base, _ in
      AppendOnlyTarget(base)
    },
    // They make each page of a listing a call of its own.
    Decoration(testDescription: "faulty", changes: [.forEachBlob: [.list]]) { base, _ in
      FaultyTarget(base) { _ in nil }
    },
    Decoration(testDescription: "slow", changes: [.forEachBlob: [.list]]) { base, _ in
      SlowTarget(base, latency: .milliseconds(50), clock: SimulatedClock())
    },
  ]

  private struct Plain: TargetDecorator {
    let base: any Target
  }
}

/// What a decorator does not change reaches the other target as it was asked, so that nothing is lost
/// which that one can do.
@Suite struct TargetDecoratorTests {
  @Test(arguments: Decoration.all) func passesOn(decoration: Decoration) async throws {
    try await withTemporaryDirectory { directory in
      for requirement in Requirement.allCases {
        let base = try RecordingTarget()
        let target = decoration.decorate(base, directory.appending("cache"))
        let changed = decoration.changes[requirement]
        do throws(ChunkStoreError) {
          try await requirement.use(target)
        } catch {
          #expect(changed != nil, "\(requirement): \(error)")
        }
        #expect(base.requirements == changed ?? [requirement], "\(requirement)")
      }
    }
  }

  /// The cases above are those of the protocol, as its source has them.
  @Test func allRequirementsAreKnown() throws {
    let source = URL(filePath: #filePath).resolvingSymlinksInPath()
      .appending(path: "../../../Sources/CairnChunks/Targets/Target.swift").standardizedFileURL
    let text = try String(contentsOf: source, encoding: .utf8)
    let start = try #require(text.range(of: "public protocol Target: Sendable {\n"))
    let end = try #require(text.range(of: "\n}\n", range: start.upperBound..<text.endIndex))
    let body = text[start.upperBound..<end.lowerBound]
    let names = body.matches(of: /(?m)^  (?:func|var) (\w+)/).map { String($0.1) }
    #expect(names.sorted() == Requirement.allCases.map(\.rawValue).sorted())
  }
}
