import CairnCore
public import SystemPackage

/// How thoroughly a repository is verified.
public struct VerifyOptions: Sendable {
  /// What is read of the packs.
  public enum Depth: Sendable, Hashable {
    /// That every chunk that a root needs is in a pack of the right size, and that every node is
    /// sound. Data is not read.
    case structure
    /// The structure, and every byte of some packs, chosen at random; with
    /// ``VerifyOptions/stateFile``, of those that were not read yet, so that all have their turn.
    case sample(percent: Double)
    /// The structure, and every byte.
    case data
  }

  public var depth: Depth
  /// The threads that read packs.
  public var workerCount: Int
  /// A file of this machine in which the verification takes note of the packs that it has read and
  /// found sound: one that was interrupted, or read a sample, is taken up there by the next. When
  /// every pack was read, the file is removed. It belongs to one repository and one kind of check,
  /// tells nothing but names of packs, and is written every five seconds, and at the end.
  public var stateFile: FilePath?

  public init(
    _ depth: Depth = .structure, workerCount: Int? = nil, stateFile: FilePath? = nil
  ) {
    self.depth = depth
    self.stateFile = stateFile
    self.workerCount = max(1, workerCount ?? defaultWorkerCount)
  }
}

/// One for each processor.
private var defaultWorkerCount: Int { availableProcessors() }
