import Synchronization

/// What a session did so far.
public struct SessionStatistics: Sendable, Hashable, Codable {
  /// Chunks stored because no pack held them, and their bytes.
  public var newChunks: Int64 = 0
  public var newBytes: Int64 = 0
  /// Chunks left out because a pack held them already, and their bytes.
  public var knownChunks: Int64 = 0
  public var knownBytes: Int64 = 0
  /// Blobs put on the target, and their bytes.
  public var storedBlobs: Int64 = 0
  public var storedBytes: Int64 = 0
}

/// Counters that several threads add to.
package final class SessionCounters: Sendable {
  private let newChunks = Atomic<Int64>(0)
  private let newBytes = Atomic<Int64>(0)
  private let knownChunks = Atomic<Int64>(0)
  private let knownBytes = Atomic<Int64>(0)
  private let storedBlobs = Atomic<Int64>(0)
  private let storedBytes = Atomic<Int64>(0)

  func add(new bytes: Int) {
    newChunks.add(1, ordering: .relaxed)
    newBytes.add(Int64(bytes), ordering: .relaxed)
  }

  func add(known bytes: Int) {
    knownChunks.add(1, ordering: .relaxed)
    knownBytes.add(Int64(bytes), ordering: .relaxed)
  }

  func add(stored bytes: Int64) {
    storedBlobs.add(1, ordering: .relaxed)
    storedBytes.add(bytes, ordering: .relaxed)
  }

  package var snapshot: SessionStatistics {
    SessionStatistics(
      newChunks: newChunks.load(ordering: .relaxed), newBytes: newBytes.load(ordering: .relaxed),
      knownChunks: knownChunks.load(ordering: .relaxed),
      knownBytes: knownBytes.load(ordering: .relaxed),
      storedBlobs: storedBlobs.load(ordering: .relaxed),
      storedBytes: storedBytes.load(ordering: .relaxed))
  }
}
