/// A call to a ``SimulatedStorage``, for a rule that decides whether it fails.
public struct StorageCall: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    case read, write, resize, synchronize
  }

  public let kind: Kind
  /// How many calls came before it.
  public let number: Int
  /// How many calls that change something, or synchronize it, came before it.
  public let changesBefore: Int
  /// Where it begins; of a resize, the new size; of a synchronization, 0.
  public let offset: Int64
  /// How many bytes are to be read or written.
  public let byteCount: Int

  /// Which of the calls it is that change something, or synchronize it; `nil` for a read.
  public var changeNumber: Int? { kind == .read ? nil : changesBefore }
}

/// How a call to a ``SimulatedStorage`` fails.
public enum Fault: Sendable, Hashable {
  /// The device reports an error (`EIO`).
  case inputOutput
  /// The disk is full (`ENOSPC`).
  case full
}
