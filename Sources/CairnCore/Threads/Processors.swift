#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import CPosix
  import Glibc
#elseif canImport(Musl)
  import CPosix
  import Musl
#endif

/// The number of processors that this thread may use, at least 1.
package func availableProcessors() -> Int {
  #if os(Linux)
    let sizeForThousandsOfProcessors = 1024
    let allowed = withUnsafeTemporaryAllocation(
      byteCount: sizeForThousandsOfProcessors, alignment: 8
    ) { mask in
      let filled = cairn_processor_mask(mask.baseAddress!, mask.count)
      return mask.prefix(max(0, filled)).reduce(0) { $0 + $1.nonzeroBitCount }
    }
    if allowed > 0 { return allowed }
  #endif
  return max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN))))
}

/// Nanoseconds since 1970-01-01 00:00 UTC.
package func currentTime() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
