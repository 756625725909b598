package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Runs `body`, which writes, so that a reader who has gone is the error `EPIPE` and nothing else.
///
/// The system also sends SIGPIPE then, which by default ends the process: not a library's to decide.
/// The signal is for the thread that wrote, so it is held back for this thread and taken away.
package func withoutBrokenPipeSignal<Result>(
  _ body: () throws(Errno) -> Result
) throws(Errno) -> Result {
  var brokenPipe = sigset_t()
  sigemptyset(&brokenPipe)
  sigaddset(&brokenPipe, SIGPIPE)
  var previous = sigset_t()
  pthread_sigmask(SIG_BLOCK, &brokenPipe, &previous)
  defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
  // One that waits already can only be the host's, who then holds the signal back itself.
  let isHostsOwn = sigismember(&previous, SIGPIPE) == 1 && isPending(SIGPIPE)
  do throws(Errno) {
    return try body()
  } catch {
    if error == .brokenPipe, !isHostsOwn, isPending(SIGPIPE) {
      var signal: CInt = 0
      sigwait(&brokenPipe, &signal)
    }
    throw error
  }
}

private func isPending(_ signal: CInt) -> Bool {
  var pending = sigset_t()
  sigpending(&pending)
  return sigismember(&pending, signal) == 1
}
