#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Runs `body`, which writes to what may be a pipe without a reader, such that only the error of
/// the call tells of that: the signal, which would end the process, is held back and taken.
///
/// Nothing is changed for other threads.
package func withoutBrokenPipeSignal<Result>(_ body: () -> Result) -> Result {
  var brokenPipe = sigset_t()
  sigemptyset(&brokenPipe)
  sigaddset(&brokenPipe, SIGPIPE)
  var pending = sigset_t()
  sigpending(&pending)
  // One that was pending before is somebody else's, and stays so.
  let isOthers = sigismember(&pending, SIGPIPE) == 1
  var mask = sigset_t()
  pthread_sigmask(SIG_BLOCK, &brokenPipe, &mask)
  let result = body()
  let savedErrno = errno
  sigpending(&pending)
  if !isOthers, sigismember(&pending, SIGPIPE) == 1 {
    #if canImport(Darwin)
      var signal: Int32 = 0
      sigwait(&brokenPipe, &signal)
    #else
      var now = timespec(tv_sec: 0, tv_nsec: 0)
      sigtimedwait(&brokenPipe, nil, &now)
    #endif
  }
  pthread_sigmask(SIG_SETMASK, &mask, nil)
  errno = savedErrno
  return result
}
