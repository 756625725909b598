import CairnCore
public import SystemPackage

/// How a session works.
public struct SessionOptions: Sendable {
  /// Where packs grow before they are put on a target that names no place of its own.
  public var spoolDirectory: FilePath

  /// Unpacks each block and opens each segment again as soon as it is made, and compares with what
  /// went in. Memory that flips bits has ruined repositories whose owners learned of it when they
  /// needed them; the price is a tenth of the time of a first backup.
  public var checksPacks: Bool

  /// Cuts streams; `nil` for the repository's own, which all its sessions should share.
  public var chunker: (any Chunker)?

  /// The threads that read, cut, hash, compress and seal.
  public var workerCount: Int

  public init(
    spoolDirectory: FilePath = "/var/tmp", checksPacks: Bool = true,
    chunker: (any Chunker)? = nil, workerCount: Int? = nil
  ) {
    self.spoolDirectory = spoolDirectory
    self.checksPacks = checksPacks
    self.chunker = chunker
    self.workerCount = max(1, workerCount ?? availableProcessors())
  }
}
