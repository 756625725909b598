import CairnCore
import Synchronization
import SystemPackage

/// Locks of bytes of a file far behind its end, where nothing is ever stored.
final class FileLocks: StorageLocks {
  private let file: FileDescriptor
  let name: String
  /// The system lets who holds a lock take it again.
  private let held = Mutex<Set<UInt64>>([])

  /// Lock 0 is this byte.
  private static let firstByte: Int64 = 1 << 62

  init(_ file: FileDescriptor, name: String) {
    self.file = file
    self.name = name
  }

  func lock(_ number: UInt64, exclusively: Bool) throws(IOError) -> Bool {
    try held.withLock { (held) throws(IOError) in
      guard !held.contains(number) else { return false }
      do throws(Errno) {
        let isMine = try file.tryLock(
          byte: Self.firstByte + Int64(number), exclusive: exclusively)
        if isMine { held.insert(number) }
        return isMine
      } catch {
        throw Self.failed("lock", name, error)
      }
    }
  }

  func unlock(_ number: UInt64) throws(IOError) {
    try held.withLock { (held) throws(IOError) in
      guard held.contains(number) else { return }
      do throws(Errno) {
        try file.unlock(byte: Self.firstByte + Int64(number))
        held.remove(number)
      } catch {
        throw Self.failed("unlock", name, error)
      }
    }
  }

  func lowestLockOfOthers(
    in numbers: ClosedRange<UInt64>, exclusively: Bool
  ) throws(IOError) -> UInt64? {
    let first = Self.firstByte + Int64(numbers.lowerBound)
    let last = Self.firstByte + Int64(numbers.upperBound)
    do throws(Errno) {
      let byte = try file.lowestLockOfOthers(in: first...last, exclusively: exclusively)
      return byte.map { UInt64($0 - Self.firstByte) }
    } catch {
      throw Self.failed("see the locks of", name, error)
    }
  }

  private static func failed(_ what: String, _ name: String, _ reason: Errno) -> IOError {
    guard [.notSupported, .noLocks, .invalidArgument, .noFunction].contains(reason) else {
      return .systemCall(what, name, reason)
    }
    return IOError(
      .systemCall, operation: what, subject: name, errno: reason,
      detail: "its file system has no locks; copy the file to one that has")
  }
}
