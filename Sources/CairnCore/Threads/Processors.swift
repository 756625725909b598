#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The number of processors that this process may use, at least 1.
package func availableProcessors() -> Int {
  max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))))
}

/// Nanoseconds since 1970-01-01 00:00 UTC.
package func currentTime() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
