package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension FileDescriptor {
  package enum Readiness { case reading, writing }

  /// Calls `body` again when a signal interrupts it, and when the host has made this descriptor
  /// non-blocking and it is not ready: then after waiting until it is.
  @discardableResult
  package func retry(
    whenReadyFor readiness: Readiness, _ body: () -> Int
  ) throws(Errno) -> Int {
    while true {
      do throws(Errno) {
        return try retryOnInterrupt(body)
      } catch {
        guard error == .wouldBlock || error == .resourceTemporarilyUnavailable else { throw error }
        try wait(for: readiness)
      }
    }
  }

  private func wait(for readiness: Readiness) throws(Errno) {
    let events = CShort(readiness == .reading ? POLLIN : POLLOUT)
    var request = pollfd(fd: rawValue, events: events, revents: 0)
    // Hang-ups and errors count as ready: the next call reports them.
    try retryOnInterrupt { poll(&request, 1, -1) }
  }
}
