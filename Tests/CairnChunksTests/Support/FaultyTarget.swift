import CairnChunks
import Synchronization
import SystemPackage

/// A target on the way to another: counts the calls, and fails one put if asked to.
///
/// It is not a ``LocalTarget``, so the library reaches it as it reaches a target on the network.
final class FaultyTarget: Target {
  enum Fault: Sendable, CaseIterable {
    /// The put does nothing.
    case before
    /// The put takes effect, and its answer is lost.
    case after
  }

  struct Counts: Hashable, Sendable {
    var puts = 0
    var gets = 0
    var gotBytes = 0
    var didFail = false
  }

  let base: any Target
  private let fault: (put: Int, kind: Fault)?
  private let counters = Mutex(Counts())

  /// - Parameters:
  ///   - put: the number of the put that fails, from 0; `nil` for none.
  init(_ base: any Target, failingPut put: Int? = nil, _ kind: Fault = .before) {
    self.base = base
    fault = put.map { ($0, kind) }
  }

  var name: String { base.name }
  var spoolDirectory: FilePath? { base.spoolDirectory }
  var counts: Counts { counters.withLock { $0 } }

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    let kind = counters.withLock { counts -> Fault? in
      defer { counts.puts += 1 }
      guard let fault, fault.put == counts.puts else { return nil }
      counts.didFail = true
      return fault.kind
    }
    if kind != .before { try await base.put(name, source) }
    if kind != nil {
      throw ChunkStoreError(.temporary, "the put of \(name) was made to fail", blob: name)
    }
  }

  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8] {
    let bytes = try await base.get(name, range: range)
    counters.withLock {
      $0.gets += 1
      $0.gotBytes += bytes.count
    }
    return bytes
  }

  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    try await base.size(of: name)
  }

  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    try await base.list(prefix, after: after, limit: limit)
  }

  func delete(_ name: BlobName) async throws(ChunkStoreError) {
    try await base.delete(name)
  }
}
