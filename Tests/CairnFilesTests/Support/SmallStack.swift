#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

private final class Job {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Runs `body` on a thread with a stack of 128 KiB, which is what musl gives to every thread.
func onASmallStack(_ body: @escaping @Sendable () -> Void) {
  let argument = Unmanaged.passRetained(Job(body)).toOpaque()
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setstacksize(&attributes, 128 << 10)
  #if canImport(Darwin)
    var thread: pthread_t?
    pthread_create(&thread, &attributes, { run($0) }, argument)
    if let thread { pthread_join(thread, nil) }
  #else
    var thread = pthread_t()
    pthread_create(&thread, &attributes, { run($0!) }, argument)
    pthread_join(thread, nil)
  #endif
  pthread_attr_destroy(&attributes)
}

private func run(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
  Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body()
  return nil
}
