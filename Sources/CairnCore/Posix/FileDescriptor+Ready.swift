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
        _ = try isReady(for: readiness, within: -1)
      }
    }
  }

  /// Waits until a call would not block, and says whether that came before the time was over.
  ///
  /// Hang-ups and errors count as ready: the next call reports them.
  ///
  /// - Parameter patience: In milliseconds, less if a signal comes; negative to wait as long as it
  ///   takes.
  package func isReady(for readiness: Readiness, within patience: CInt) throws(Errno) -> Bool {
    let events = CShort(readiness == .reading ? POLLIN : POLLOUT)
    var request = pollfd(fd: rawValue, events: events, revents: 0)
    while true {
      let result = poll(&request, 1, patience)
      if result >= 0 { return result > 0 }
      let reason = Errno(rawValue: errno)
      if reason != .interrupted { throw reason }
      if patience >= 0 { return false }
    }
  }
}
