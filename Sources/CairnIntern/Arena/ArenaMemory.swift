/// What an arena takes, byte by byte.
public struct ArenaMemory: Sendable, Hashable, Codable {
  /// The strings that the arena holds, without those of the frozen arena beneath it.
  public var strings: Int
  /// The bytes of their content.
  public var text: Int
  /// The bytes of their lengths, of their numbers if they have them, and between them.
  public var heads: Int
  /// The bytes of the table that finds them, and of what finds them by number.
  public var table: Int
  /// The bytes of the memory that the strings are in, in whole pages.
  public var blocks: Int
  /// The bytes of ``blocks`` without a string in them yet. Most of them have never been touched, and
  /// take no memory until then.
  public var spare: Int
  /// The bytes of the frozen arena beneath, which all who map it share.
  public var mapped: Int

  /// What the arena takes beside the content: heads and table, per string.
  public var overheadPerString: Double {
    strings == 0 ? 0 : Double(heads + table) / Double(strings)
  }
}
