#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Blocks this thread for a while, less if a signal comes.
///
/// Never called on the cooperative pool.
package func pause(nanoseconds: Int) {
  var time = timespec(
    tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
  nanosleep(&time, nil)
}
