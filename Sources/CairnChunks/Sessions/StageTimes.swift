import Synchronization

/// The stages of storing, each timed on whatever thread does it.
package enum Stage: Int, CaseIterable, Sendable {
  case read, cut, name, pack, seal, check, put
}

/// How long the threads were busy with each stage: the sum over all threads, in nanoseconds.
public struct StageTimes: Sendable, Hashable, Codable {
  /// Reading what is to be stored.
  public var read: Int64 = 0
  /// Finding where to cut.
  public var cut: Int64 = 0
  /// Computing ids.
  public var name: Int64 = 0
  /// Compressing blocks.
  public var pack: Int64 = 0
  /// Encrypting, hashing and writing packs.
  public var seal: Int64 = 0
  /// Checking finished packs.
  public var check: Int64 = 0
  /// Putting blobs on the target, where a directory waits for the disk.
  public var put: Int64 = 0

  public init() {}
}

package final class StageClocks: Sendable {
  private let read = Atomic<Int64>(0)
  private let cut = Atomic<Int64>(0)
  private let name = Atomic<Int64>(0)
  private let pack = Atomic<Int64>(0)
  private let seal = Atomic<Int64>(0)
  private let check = Atomic<Int64>(0)
  private let put = Atomic<Int64>(0)

  package func measure<Result, Failure: Error>(
    _ stage: Stage, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let start = ContinuousClock.now
    defer {
      let (seconds, attoseconds) = (ContinuousClock.now - start).components
      let elapsed = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
      add(elapsed, to: stage)
    }
    return try body()
  }

  private func add(_ nanoseconds: Int64, to stage: Stage) {
    switch stage {
    case .read: read.add(nanoseconds, ordering: .relaxed)
    case .cut: cut.add(nanoseconds, ordering: .relaxed)
    case .name: name.add(nanoseconds, ordering: .relaxed)
    case .pack: pack.add(nanoseconds, ordering: .relaxed)
    case .seal: seal.add(nanoseconds, ordering: .relaxed)
    case .check: check.add(nanoseconds, ordering: .relaxed)
    case .put: put.add(nanoseconds, ordering: .relaxed)
    }
  }

  package var snapshot: StageTimes {
    var times = StageTimes()
    times.read = read.load(ordering: .relaxed)
    times.cut = cut.load(ordering: .relaxed)
    times.name = name.load(ordering: .relaxed)
    times.pack = pack.load(ordering: .relaxed)
    times.seal = seal.load(ordering: .relaxed)
    times.check = check.load(ordering: .relaxed)
    times.put = put.load(ordering: .relaxed)
    return times
  }
}
