#if Parity
  /// How much parity is kept beside a blob, and against what.
  ///
  /// A blob is cut into data shards. A stripe is up to ``dataShards`` of them, far from one another in
  /// the blob, and ``parityShards`` shards of parity: of these together, any ``parityShards`` may be
  /// damaged, and are computed from the others. So parity costs its share of the blob's size,
  /// 2 / 64 or 3.1 % by default, and checksums 0.4 % more.
  public struct ParityOptions: Sendable, Hashable {
    /// The most data shards of a stripe.
    public let dataShards: Int
    /// The parity shards of a stripe.
    public let parityShards: Int
    /// The bytes of a shard; a blob that is smaller is one shard.
    public let shardSize: Int
    /// The number of bytes that may be lost in one run, anywhere in a blob of any size.
    ///
    /// Blobs of less than `dataShards / parityShards` times as many bytes get more parity for it than
    /// their share: those that are no larger than it, ``parityShards`` times their size at the most.
    public let burst: Int

    /// - `shardSize` 4 KiB: what a disk loses at once is a sector of that size, and a bit that flips
    ///   spoils no more than that.
    /// - `dataShards` 64 and `parityShards` 2: of a pack of 16 MiB, 500 KiB in one run or some
    ///   sectors in different places, for 3.5 % of its size.
    /// - `burst` 64 KiB: a page of a flash memory, a stripe of a disk array.
    public static let standard = ParityOptions()!

    /// - Returns: `nil` unless there are 1 or more shards of each kind and at most 255 together, shards
    ///   have 64 bytes to 1 MiB and a multiple of 64, and the burst has 0 bytes to 64 MiB.
    public init?(
      dataShards: Int = 64, parityShards: Int = 2, shardSize: Int = 4 << 10, burst: Int = 64 << 10
    ) {
      guard dataShards >= 1, parityShards >= 1, dataShards <= 255, parityShards <= 255,
        dataShards + parityShards <= 255, (64...1 << 20).contains(shardSize),
        shardSize % ParityLayout.alignment == 0, (0...64 << 20).contains(burst)
      else { return nil }
      self.dataShards = dataShards
      self.parityShards = parityShards
      self.shardSize = shardSize
      self.burst = burst
    }
  }
#endif
