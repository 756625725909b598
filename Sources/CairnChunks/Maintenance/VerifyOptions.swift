import CairnCore

/// How thoroughly a repository is verified.
public struct VerifyOptions: Sendable {
  /// What is read of the packs.
  public enum Depth: Sendable, Hashable {
    /// That every chunk that a root needs is in a pack of the right size, and that every node is
    /// sound. Data is not read.
    case structure
    /// The structure, and every byte of some packs, chosen at random.
    case sample(percent: Double)
    /// The structure, and every byte.
    case data
  }

  public var depth: Depth
  /// The threads that read packs.
  public var workerCount: Int

  public init(_ depth: Depth = .structure, workerCount: Int? = nil) {
    self.depth = depth
    self.workerCount = max(1, workerCount ?? defaultWorkerCount)
  }
}

/// One for each processor.
private var defaultWorkerCount: Int { availableProcessors() }
