/// The name of a string in an arena: four bytes, also as an `Optional`.
///
/// Within its arena a symbol stands for its string: two are equal if and only if their strings are,
/// and they compare in the order in which the strings were added. `Space` is a type of the host's,
/// usually an empty enumeration, that tells the symbols of one kind of arena from those of another,
/// so that the compiler refuses to mix them up.
///
/// To keep symbols outside of Swift, take ``rawValue``: the bytes of a `nil` are not always the same.
///
/// A symbol is good as long as its arena, and after freezing in the frozen one, and in arenas that
/// extend that. ``StringArena/removeAll(keepingCapacity:)`` ends all symbols of an arena.
@frozen
public struct Symbol<Space>: Sendable, BitwiseCopyable {
  @usableFromInline let low: UInt16
  @usableFromInline let middle: UInt8
  @usableFromInline let high: HighByte

  /// The largest raw value; the patterns above it are what `nil` is made of.
  @inlinable
  public static var largestRawValue: UInt32 { 0xEFFF_FFFF }

  /// The place of the string in the arena, to keep in a file or a packed structure.
  @inlinable
  public var rawValue: UInt32 { unsafeBitCast(self, to: UInt32.self) }

  /// Makes a symbol of a raw value, or `nil` where no symbol has that.
  ///
  /// Whether an arena has given it out is for ``StringArena/contains(_:)`` to say.
  @inlinable
  public init?(rawValue: UInt32) {
    guard rawValue <= Self.largestRawValue else { return nil }
    self.init(known: rawValue)
  }

  /// - Precondition: `rawValue` is at most ``largestRawValue``.
  @inlinable
  init(known rawValue: UInt32) {
    self = unsafeBitCast(rawValue, to: Self.self)
  }
}

extension Symbol: Hashable, Comparable {
  @inlinable
  public static func == (left: Self, right: Self) -> Bool { left.rawValue == right.rawValue }

  /// Whether the string of `left` was added before that of `right`.
  @inlinable
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  @inlinable
  public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension Symbol: CustomStringConvertible {
  /// The raw value, as `#12`.
  public var description: String { "#\(rawValue)" }
}
