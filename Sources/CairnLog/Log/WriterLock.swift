import CairnCore
import CairnTree

/// What makes somebody the one who writes a log, in any processes, for as long as it lives: lock 0
/// of the entries, taken alone.
///
/// The index has a lock of its own, but may be replaced by another file.
final class WriterLock: Sendable {
  private let locks: any StorageLocks

  private static let number: UInt64 = 0

  private init(_ locks: any StorageLocks) {
    self.locks = locks
  }

  deinit { try? locks.unlock(Self.number) }

  /// - Returns: `nil` where there are no locks: the host sees to it that there is one who writes.
  /// - Throws: ``LogError``: `.busy` if somebody else writes.
  static func take(_ entries: any PageStorage) throws(LogError) -> WriterLock? {
    guard let locks = entries.locks else { return nil }
    do throws(IOError) {
      if try locks.lock(number, exclusively: true) { return WriterLock(locks) }
    } catch {
      throw .storage("cannot tell who else has the log open", error)
    }
    throw LogError(
      .busy,
      "somebody else has \(locks.name) open for writing; wait until they close it, or open it for "
        + "reading")
  }

  /// Whether somebody else writes.
  static func isHeld(_ entries: any PageStorage) throws(LogError) -> Bool {
    do throws(IOError) {
      return try entries.locks?.lowestLockOfOthers(in: number...number, exclusively: true) != nil
    } catch {
      throw .storage("cannot tell who else has the log open", error)
    }
  }
}
