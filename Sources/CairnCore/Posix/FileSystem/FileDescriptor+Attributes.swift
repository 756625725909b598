package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A number that `chown` takes for "leave as it is": -1.
package let unchangedOwner = UInt32.max

extension FileDescriptor {
  /// Changes the owner and the group of this open file.
  ///
  /// The corresponding C function is `fchown`.
  package func setOwner(_ uid: UInt32, group gid: UInt32) throws(Errno) {
    try retryOnInterrupt { fchown(rawValue, uid, gid) }
  }

  /// Changes the owner and the group of a name in this directory, of a link itself.
  ///
  /// The corresponding C function is `fchownat`.
  package func setOwner(
    of name: UnsafePointer<CChar>, _ uid: UInt32, group gid: UInt32
  ) throws(Errno) {
    try retryOnInterrupt { fchownat(rawValue, name, uid, gid, AT_SYMLINK_NOFOLLOW) }
  }

  /// Changes the permission bits of this open file.
  ///
  /// The corresponding C function is `fchmod`.
  package func setPermissions(_ permissions: UInt16) throws(Errno) {
    try retryOnInterrupt { fchmod(rawValue, mode_t(permissions)) }
  }

  /// Changes the permission bits of a name in this directory; fails for a symbolic link.
  ///
  /// The corresponding C function is `fchmodat`. On Linux the C library does this through /proc on
  /// kernels before 6.6.
  package func setPermissions(
    of name: UnsafePointer<CChar>, _ permissions: UInt16
  ) throws(Errno) {
    try retryOnInterrupt { fchmodat(rawValue, name, mode_t(permissions), AT_SYMLINK_NOFOLLOW) }
  }

  /// Sets when the content of this open file was changed, in nanoseconds since 1970; the access
  /// time stays.
  ///
  /// The corresponding C function is `futimens`.
  package func setModificationTime(_ time: Int64) throws(Errno) {
    try withTimes(time) { times throws(Errno) in
      try retryOnInterrupt { futimens(rawValue, times) }
    }
  }

  /// Sets when the content of a name in this directory was changed, of a link itself.
  ///
  /// The corresponding C function is `utimensat`.
  package func setModificationTime(
    of name: UnsafePointer<CChar>, _ time: Int64
  ) throws(Errno) {
    try withTimes(time) { times throws(Errno) in
      try retryOnInterrupt { utimensat(rawValue, name, times, AT_SYMLINK_NOFOLLOW) }
    }
  }
}

@inline(__always)
private func withTimes(
  _ time: Int64, _ body: (UnsafePointer<timespec>) throws(Errno) -> CInt
) throws(Errno) {
  let nanosecondsPerSecond: Int64 = 1_000_000_000
  #if canImport(Darwin)
    let omit = -2  // UTIME_OMIT, a macro with a cast
  #else
    let omit = (1 << 30) - 2  // UTIME_OMIT, a macro with a cast
  #endif
  // Division rounds towards zero; the nanoseconds must not be negative.
  var seconds = time / nanosecondsPerSecond
  var nanoseconds = time % nanosecondsPerSecond
  if nanoseconds < 0 {
    seconds -= 1
    nanoseconds += nanosecondsPerSecond
  }
  let times = (
    timespec(tv_sec: 0, tv_nsec: omit),
    timespec(tv_sec: time_t(seconds), tv_nsec: Int(nanoseconds))
  )
  _ = try withUnsafePointer(to: times) { pointer throws(Errno) in
    try pointer.withMemoryRebound(to: timespec.self, capacity: 2, body)
  }
}
