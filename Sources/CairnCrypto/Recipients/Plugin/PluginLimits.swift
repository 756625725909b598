/// How much to take from the other end of a plugin conversation, which may be hostile or broken.
public struct PluginLimits: Sendable, Hashable {
  /// The longest message, in bytes. The default of 64 KiB is what a header may have in all.
  public var messageByteCount: Int
  /// The most bytes of all messages together.
  public var byteCount: Int
  /// How long the other end may neither say anything nor take what it is told, or `nil` for ever.
  /// A person who looks for the token to touch is such a silence.
  public var silence: Duration?

  /// Makes limits for what a plugin says: 1 MiB in all, and five minutes.
  public init(
    messageByteCount: Int = 65536, byteCount: Int = 1 << 20, silence: Duration? = .seconds(300)
  ) {
    self.messageByteCount = messageByteCount
    self.byteCount = byteCount
    self.silence = silence
  }
}
