public import CairnCore

/// Locks with numbers, by which the stores that have one storage open, in any processes, keep out
/// of each other's way.
///
/// - A lock is held by one who has the storage open, until it is released, or at the latest when he
///   closes the storage or dies.
/// - No call waits for somebody else.
/// - Whoever sees that somebody else's lock is gone also sees all that he wrote before.
/// - Calls may come from several threads at once.
public protocol StorageLocks: AnyObject, Sendable {
  /// What error messages call the storage.
  var name: String { get }

  /// Takes a lock, shared with others who take it so, or alone.
  ///
  /// - Parameter number: less than 2^62.
  /// - Returns: false if somebody else's lock is in the way, or this one is held already.
  func lock(_ number: UInt64, exclusively: Bool) throws(IOError) -> Bool

  /// Releases a lock that is held.
  func unlock(_ number: UInt64) throws(IOError)

  /// The lowest number in the range that somebody else has locked.
  ///
  /// - Parameter exclusively: looks for locks only that are not shared.
  func lowestLockOfOthers(
    in numbers: ClosedRange<UInt64>, exclusively: Bool
  ) throws(IOError) -> UInt64?
}
