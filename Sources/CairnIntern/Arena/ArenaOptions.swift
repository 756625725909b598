/// How an arena is laid out, and what it may hold.
public struct ArenaOptions: Sendable, Hashable {
  /// The places in memory where strings may start, which decides how far 32-bit symbols reach.
  public struct Granule: Sendable, Hashable {
    let shift: Int

    /// Any byte: nothing is lost between strings, and they may be 3.75 GiB together.
    public static let one = Granule(shift: 0)
    /// Every fourth byte: 15 GiB, for 1.5 bytes lost per string on average.
    public static let four = Granule(shift: 2)
    /// Every eighth byte: 30 GiB, for 3.5 bytes lost per string on average.
    public static let eight = Granule(shift: 3)
  }

  /// How much the table grows when it is full.
  public struct Growth: Sendable, Hashable {
    let percent: Int

    /// By less than a fifth: at most 8 bytes per string beside its text, and less than 7.5 on
    /// average, where strings are shorter than 128 bytes and more than some ten thousand.
    public static let lean = Growth(percent: 18)
    /// By as much again: adding is faster, at up to 13 bytes per string beside its text.
    public static let fast = Growth(percent: 100)

    /// The room of the table that follows a full one.
    func room(after limit: Int) -> Int {
      max(limit + limit * percent / 100, limit + 1)
    }
  }

  /// Where strings may start. ``Granule/one`` by default.
  public var granule: Granule
  /// How the table grows. ``Growth/lean`` by default.
  public var growth: Growth
  /// Whether strings are numbered 0, 1, 2 … in the order in which they are added, for hosts that
  /// keep arrays by string. It takes 4 bytes per string. Off by default.
  public var isNumbered: Bool
  /// The most bytes that the strings may take with their lengths; by default, and at most, what
  /// symbols can reach.
  ///
  /// Address space of this size is reserved; memory is used as the arena fills.
  public var byteLimit: Int?
  /// The most bytes of one string; by default, and at most, 2,147,483,647.
  public var longestString: Int
  /// Decides the hash, so that a frozen arena of the same strings has the same bytes; `nil`, the
  /// default, for a random one.
  ///
  /// Whoever knows the seed can choose strings that make the arena slow: use one only where the
  /// strings come from people that you trust, or where time does not matter.
  public var seed: UInt64?

  /// Options with the defaults that each property names.
  public init(
    granule: Granule = .one, growth: Growth = .lean, isNumbered: Bool = false,
    byteLimit: Int? = nil, longestString: Int = Int(Int32.max), seed: UInt64? = nil
  ) {
    self.granule = granule
    self.growth = growth
    self.isNumbered = isNumbered
    self.byteLimit = byteLimit
    self.longestString = longestString
    self.seed = seed
  }

  var layout: RecordLayout {
    RecordLayout(granuleShift: granule.shift, isNumbered: isNumbered)
  }

  var hash: ByteHash { seed.map { ByteHash(seed: $0) } ?? ByteHash() }
}
