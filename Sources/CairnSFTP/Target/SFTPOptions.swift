#if SFTP
  /// How much a target has under way, and how long it waits.
  public struct SFTPOptions: Sendable, Hashable {
    /// The most bytes of requests and answers that are under way at once, for all operations
    /// together; at least 256 KiB. Memory is bounded by about twice this, beside the blobs that are
    /// returned. By default 8 MiB, which fills 160 MB/s at 50 ms.
    public var windowSize = 8 << 20
    /// The most operations that run at once, each on a thread of the target's own; others wait. At
    /// least 1, by default 16.
    public var operationLimit = 16
    /// How long the server may keep silent while it owes an answer before the connection counts as
    /// lost. By default 5 minutes, since rclone answers when a whole blob is where it belongs.
    public var patience = Duration.seconds(300)
    /// How old a temporary file must be, by the server's clock, to count as left over by a program
    /// that died. By default a day: no upload takes that long.
    public var temporaryAge = Duration.seconds(86_400)

    public init() {}
  }
#endif
