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

/// A program that runs as a child of this process, with pipes to its standard input and output.
///
/// It inherits the environment, the working directory and the standard error that it is given, but
/// no other descriptor and no blocked signal. It does not outlive this object, and is waited for by
/// its own number alone, so that the host's other children are left to the host.
///
/// Use it from one thread at a time.
package final class ChildProcess {
  /// How the program ended.
  package enum Exit: Hashable, CustomStringConvertible {
    case status(Int32)
    case signal(Int32)
    /// Somebody else has waited for it: the host ignores or reaps all its children.
    case unknown

    package var description: String {
      switch self {
      case .status(let status): "exit status \(status)"
      case .signal(let signal): "signal \(signal)"
      case .unknown: "an unknown exit status"
      }
    }
  }

  private let id: pid_t
  private var exit: Exit?

  /// What is written here is the program's standard input. Does not block.
  package let input: FileDescriptor
  /// What the program writes to its standard output. Does not block.
  package let output: FileDescriptor
  private var isClosed = false

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - path: The program, an absolute path.
  ///   - arguments: What follows its name.
  ///   - standardError: Where its messages go, borrowed until it runs; `nil` for nowhere.
  /// - Throws: ``IOError`` with the reason of the operating system if it cannot be started.
  package init(
    _ path: FilePath, arguments: [String], standardError: FileDescriptor? = nil
  ) throws(IOError) {
    let toChild = try Pipe()
    let fromChild: Pipe
    do throws(IOError) {
      fromChild = try Pipe()
    } catch {
      toChild.close()
      throw error
    }
    do throws(Errno) {
      id = try Self.spawn(
        path, arguments, input: toChild.reading, output: fromChild.writing, standardError)
    } catch {
      toChild.close()
      fromChild.close()
      throw .systemCall("start", path.string, error)
    }
    try? toChild.reading.close()
    try? fromChild.writing.close()
    input = toChild.writing
    output = fromChild.reading
    for file in [input, output] {
      _ = fcntl(file.rawValue, F_SETFL, fcntl(file.rawValue, F_GETFL) | O_NONBLOCK)
    }
  }

  deinit {
    if exit == nil { _ = end(within: .zero) }
    closePipes()
  }

  /// Closes both pipes: a program that goes on finds its input at the end.
  package func closePipes() {
    guard !isClosed else { return }
    isClosed = true
    try? input.close()
    try? output.close()
  }

  /// Asks the program to end.
  package func interrupt() { if poll() == nil { kill(id, SIGTERM) } }

  /// Waits until the program has ended, and kills it if it has not after `patience`.
  package func end(within patience: Duration) -> Exit {
    let deadline = ContinuousClock.now + patience
    var pause = 200_000
    while true {
      if let exit = poll() { return exit }
      if ContinuousClock.now >= deadline { break }
      var time = timespec(tv_sec: 0, tv_nsec: pause)
      nanosleep(&time, nil)
      pause = min(2 * pause, 10_000_000)
    }
    kill(id, SIGKILL)
    return wait(options: 0) ?? .unknown
  }

  /// How the program ended, if it has.
  private func poll() -> Exit? { exit ?? wait(options: WNOHANG) }

  private func wait(options: Int32) -> Exit? {
    var status: Int32 = 0
    while true {
      let result = waitpid(id, &status, options)
      if result == 0 { return nil }
      if result == -1, errno == EINTR { continue }
      let signal = status & 0x7f
      exit = result == -1 ? .unknown : signal == 0 ? .status(status >> 8 & 0xff) : .signal(signal)
      return exit
    }
  }
}

extension ChildProcess {
  private static func spawn(
    _ path: FilePath, _ arguments: [String], input: FileDescriptor, output: FileDescriptor,
    _ standardError: FileDescriptor?
  ) throws(Errno) -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    try check(posix_spawn_file_actions_init(&actions))
    defer { posix_spawn_file_actions_destroy(&actions) }
    try check(posix_spawnattr_init(&attributes))
    defer { posix_spawnattr_destroy(&attributes) }

    try check(posix_spawn_file_actions_adddup2(&actions, input.rawValue, 0))
    try check(posix_spawn_file_actions_adddup2(&actions, output.rawValue, 1))
    if let standardError {
      try check(posix_spawn_file_actions_adddup2(&actions, standardError.rawValue, 2))
    } else {
      try check(posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0))
    }
    var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    #if canImport(Darwin)
      flags |= POSIX_SPAWN_CLOEXEC_DEFAULT
    #elseif canImport(Glibc)
      try check(cairn_spawn_addclosefrom(&actions, 3))
    #endif
    var none = sigset_t()
    sigemptyset(&none)
    try check(posix_spawnattr_setsigmask(&attributes, &none))
    // The one that hosts ignore, which programs rely on to end.
    var brokenPipe = sigset_t()
    sigemptyset(&brokenPipe)
    sigaddset(&brokenPipe, SIGPIPE)
    try check(posix_spawnattr_setsigdefault(&attributes, &brokenPipe))
    try check(posix_spawnattr_setflags(&attributes, Int16(flags)))

    #if canImport(Darwin)
      let environment = _NSGetEnviron().pointee
    #else
      let environment = cairn_environment()
    #endif
    var words = ([path.string] + arguments).map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var id = pid_t()
    try check(posix_spawn(&id, path.string, &actions, &attributes, words, environment))
    return id
  }

  /// The spawn functions return the error, and leave `errno` alone.
  private static func check(_ result: Int32) throws(Errno) {
    if result != 0 { throw Errno(rawValue: result) }
  }
}
