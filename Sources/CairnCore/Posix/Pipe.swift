package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import CPosix
  import Glibc
#elseif canImport(Musl)
  import CPosix
  import Musl
#endif

/// The two ends of a pipe, which no other child inherits, and neither of which is a standard
/// stream even where the host has closed those.
package struct Pipe: Sendable {
  package let reading: FileDescriptor
  package let writing: FileDescriptor

  package init() throws(IOError) {
    var ends: [Int32] = [-1, -1]
    #if canImport(Darwin)
      var result = pipe(&ends)
      if result == 0 { result = min(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0) }
      if result == 0 { result = min(fcntl(ends[1], F_SETFD, FD_CLOEXEC), 0) }
    #else
      let result = cairn_pipe2(&ends, O_CLOEXEC)
    #endif
    guard result == 0 else {
      throw .systemCall("make", "a pipe", Errno(rawValue: errno))
    }
    for i in 0..<2 where ends[i] <= 2 {
      let moved = fcntl(ends[i], F_DUPFD_CLOEXEC, 3)
      let reason = Errno(rawValue: errno)
      try? FileDescriptor(rawValue: ends[i]).close()
      ends[i] = moved
      guard moved != -1 else {
        try? FileDescriptor(rawValue: ends[1 - i]).close()
        throw .systemCall("make", "a pipe", reason)
      }
    }
    reading = FileDescriptor(rawValue: ends[0])
    writing = FileDescriptor(rawValue: ends[1])
  }

  package func close() {
    try? reading.close()
    try? writing.close()
  }
}
