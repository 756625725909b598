package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Advisory locks of single bytes, which may lie beyond the end of the file.
///
/// They belong to the open file description, not to the process: two descriptors that were opened
/// apart keep each other out, wherever they are, and the locks end when the last duplicate of the
/// descriptor is closed, at the latest with the process.
///
/// The corresponding C function is `fcntl` with `F_OFD_SETLK` and `F_OFD_GETLK`.
extension FileDescriptor {
  // Glibc's header shows these for _GNU_SOURCE only, Darwin's and Musl's perhaps.
  #if canImport(Darwin)
    private static let setLock: CInt = 90
    private static let getLock: CInt = 92
  #else
    private static let setLock: CInt = 37
    private static let getLock: CInt = 36
  #endif

  /// Locks a byte, shared or for this descriptor alone.
  ///
  /// A shared lock needs a descriptor that can read, an exclusive one a descriptor that can write.
  ///
  /// - Returns: false if a lock of somebody else is in the way.
  package func tryLock(byte offset: Int64, exclusive: Bool) throws(Errno) -> Bool {
    do throws(Errno) {
      _ = try control(Self.setLock, exclusive ? F_WRLCK : F_RDLCK, offset...offset)
      return true
    } catch {
      if error == .wouldBlock || error == .resourceTemporarilyUnavailable
        || error == .permissionDenied
      {
        return false
      }
      throw error
    }
  }

  package func unlock(byte offset: Int64) throws(Errno) {
    _ = try control(Self.setLock, F_UNLCK, offset...offset)
  }

  /// The first byte among those that somebody else has locked.
  ///
  /// - Parameter exclusively: looks for exclusive locks only.
  package func lowestLockOfOthers(
    in offsets: ClosedRange<Int64>, exclusively: Bool
  ) throws(Errno) -> Int64? {
    var lowest: Int64?
    var range = offsets
    while true {
      // What would be in the way of such a lock: one of those that are, not the first.
      let found = try control(Self.getLock, exclusively ? F_RDLCK : F_WRLCK, range)
      guard CInt(found.l_type) != CInt(F_UNLCK) else { return lowest }
      // A lock of many bytes, which is none of ours, may begin in front of them.
      let start = max(offsets.lowerBound, Int64(found.l_start))
      lowest = start
      guard start > offsets.lowerBound else { return lowest }
      range = offsets.lowerBound...start - 1
    }
  }

  private func control(
    _ command: CInt, _ type: CInt, _ offsets: ClosedRange<Int64>
  ) throws(Errno) -> flock {
    // An initializer with all fields differs between the systems.
    var lock = flock()
    lock.l_type = Int16(type)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = off_t(offsets.lowerBound)
    lock.l_len = off_t(offsets.upperBound - offsets.lowerBound + 1)
    try retryOnInterrupt {
      withUnsafeMutablePointer(to: &lock) { fcntl(rawValue, command, $0) }
    }
    return lock
  }
}
