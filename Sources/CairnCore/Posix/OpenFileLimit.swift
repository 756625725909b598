#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How many files this process may have open at the same time: 256 by default on macOS, 1024 on most
/// Linux systems.
package func openFileLimit() -> Int {
  let limit = sysconf(CInt(_SC_OPEN_MAX))
  return limit > 0 ? limit : 256
}
