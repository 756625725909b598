public import CairnChunks

extension TargetConformance {
  /// What a target is examined with; the defaults suit a local one.
  public struct Options: Sendable {
    /// With what all names begin that are used: folders, each with its "/", or nothing.
    ///
    /// So a place that others use can be examined too, for instance a bucket.
    public var prefix: String
    /// False for a target that refuses to delete; it is then examined that it does.
    public var canDelete: Bool
    /// How long after a call what it did may show late, or not everywhere.
    ///
    /// `Target` demands zero. A target that needs more is not fit for a repository that several
    /// processes use, unless it waits so long before each call returns.
    public var lag: Duration
    /// The number of blobs in the listing of many. A session lists some thousand packs for each
    /// 16 GiB; local targets that write to a disk need some 5 ms for each.
    public var listedNames: Int
    /// The size of the large blob, in bytes: by default somewhat more than a pack.
    public var largeBlobSize: Int64
    /// How many calls are made at once where many are.
    public var concurrency: Int
    /// After what time a check fails that has not ended: ample, since the machine may be busy with
    /// other tests.
    public var timeLimit: Duration
    /// How soon a call must have ended after its task was cancelled; ample likewise.
    public var cancellationLimit: Duration
    /// What else may lie in the place; `nil` if nothing can.
    public var strangers: Strangers?

    /// - Precondition: `prefix` is empty, or what a blob's name may begin with, ends with "/" and has
    ///   at most 60 bytes; the numbers are positive.
    public init(
      prefix: String = "", canDelete: Bool = true, lag: Duration = .zero,
      listedNames: Int = 5000, largeBlobSize: Int64 = 17 << 20 + 5, concurrency: Int = 16,
      timeLimit: Duration = .seconds(600), cancellationLimit: Duration = .seconds(60),
      strangers: Strangers? = nil
    ) {
      precondition(
        prefix.isEmpty
          || (prefix.hasSuffix("/") && BlobName(prefix + "x") != nil && prefix.utf8.count <= 60))
      precondition(listedNames > 0 && largeBlobSize > 0 && concurrency > 0)
      self.prefix = prefix
      self.canDelete = canDelete
      self.lag = lag
      self.listedNames = listedNames
      self.largeBlobSize = largeBlobSize
      self.concurrency = concurrency
      self.timeLimit = timeLimit
      self.cancellationLimit = cancellationLimit
      self.strangers = strangers
    }
  }

  /// What lies in the place of a target without being a blob, and stays there.
  public struct Strangers: Sendable {
    let place: @Sendable (any Target, String) async throws -> Void
    let areThere: @Sendable (any Target, String) async throws -> Bool

    /// - Parameters:
    ///   - place: Puts, by other means than the target's, things into a folder of the target whose
    ///     name ends with "/", under names that no blob can have.
    ///   - areThere: Says whether all of them are there unchanged.
    public init(
      place: @escaping @Sendable (_ target: any Target, _ folder: String) async throws -> Void,
      areThere: @escaping @Sendable (_ target: any Target, _ folder: String) async throws -> Bool
    ) {
      self.place = place
      self.areThere = areThere
    }
  }
}
