package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What is undone when a signal ends the process: a file that is not whole is removed, and a
/// terminal that hides what is typed, or shows nothing but this process, is as it was again.
///
/// The handler of the signals does that, since the work may be waiting for input at that moment;
/// it makes only calls that POSIX allows there. One file and one terminal at a time: the commands
/// work on one, and ask on their main thread.
package enum Undo {
  /// Removes a file if a signal ends the process during `body`.
  package static func removing<Result>(
    _ file: FilePath, during body: () throws -> Result
  ) rethrows -> Result {
    handleSignals()
    return try file.withPlatformString { name in
      undo.pointee.file = name
      defer { undo.pointee.file = nil }
      return try body()
    }
  }

  /// Hides what is typed on a terminal during `body`, or until a signal ends or stops the process.
  package static func hidingInput<Result>(
    on terminal: FileDescriptor, during body: () throws -> Result
  ) throws -> Result {
    handleSignals()
    guard tcgetattr(terminal.rawValue, &undo.pointee.shown) == 0 else {
      throw Errno(rawValue: errno)
    }
    undo.pointee.hidden = undo.pointee.shown
    undo.pointee.hidden.c_lflag &= ~tcflag_t(ECHO)
    undo.pointee.terminal = terminal.rawValue
    defer {
      tcsetattr(terminal.rawValue, TCSAFLUSH, &undo.pointee.shown)
      undo.pointee.terminal = -1
    }
    // Typed ahead, a secret would have been shown: it does not count.
    guard tcsetattr(terminal.rawValue, TCSAFLUSH, &undo.pointee.hidden) == 0 else {
      throw Errno(rawValue: errno)
    }
    return try body()
  }

  /// Has all of a terminal during `body`, or until a signal ends or stops the process: keys come as
  /// they are pressed and are not shown, and lines of output end as they say.
  ///
  /// - Parameters:
  ///   - enter: What is sent to the terminal first, and when a process that was stopped goes on.
  ///   - leave: What is sent at the end, and when the process is stopped.
  package static func takingOver<Result>(
    _ terminal: FileDescriptor, enter: StaticString, leave: StaticString,
    during body: () throws -> Result
  ) throws -> Result {
    handleSignals()
    // The handler does nothing but end a wait for input.
    _ = signal(SIGWINCH) { _ in }
    guard tcgetattr(terminal.rawValue, &undo.pointee.shown) == 0 else {
      throw Errno(rawValue: errno)
    }
    undo.pointee.hidden = undo.pointee.shown
    // Signals are sent by keys as before.
    undo.pointee.hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | IEXTEN)
    undo.pointee.hidden.c_iflag &= ~tcflag_t(IXON | ICRNL | INLCR | IGNCR | ISTRIP)
    undo.pointee.hidden.c_oflag &= ~tcflag_t(OPOST)
    undo.pointee.enter = enter
    undo.pointee.leave = leave
    undo.pointee.terminal = terminal.rawValue
    defer {
      showInput()
      undo.pointee.terminal = -1
      undo.pointee.leave = nil
      undo.pointee.enter = nil
    }
    // What was typed ahead counts.
    guard tcsetattr(terminal.rawValue, TCSADRAIN, &undo.pointee.hidden) == 0 else {
      throw Errno(rawValue: errno)
    }
    send(enter)
    return try body()
  }

  /// How often the process was stopped and went on: then the terminal shows nothing of it any more.
  package static var continuations: Int { undo.pointee.continuations }

  private static func handleSignals() {
    guard !undo.pointee.isReady else { return }
    undo.pointee.isReady = true
    var handled = sigset_t()
    sigemptyset(&handled)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
      handle(number, endProcessUndoing)
      sigaddset(&handled, number)
    }
    handle(SIGTSTP, stopProcessUndoing)
    sigaddset(&handled, SIGTSTP)
    // Whoever starts us from a thread that blocks them, as those of Dispatch do, means only that
    // thread.
    pthread_sigmask(SIG_UNBLOCK, &handled, nil)
  }
}

/// A signal that whoever started the process had it ignore, as `nohup` does, stays ignored.
private func handle(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
  let before = unsafeBitCast(signal(number, handler), to: Int.self)
  if before == unsafeBitCast(SIG_IGN, to: Int.self) { _ = signal(number, SIG_IGN) }
}

private struct ToUndo {
  var isReady = false
  var file: UnsafePointer<CInterop.PlatformChar>?
  var terminal: Int32 = -1
  var shown = termios()
  var hidden = termios()
  var enter: StaticString?
  var leave: StaticString?
  var continuations = 0
}

/// Memory of its own that is never freed, as a handler may run at any time. It is ready before the
/// first handler is there.
private nonisolated(unsafe) let undo: UnsafeMutablePointer<ToUndo> = {
  let undo = UnsafeMutablePointer<ToUndo>.allocate(capacity: 1)
  undo.initialize(to: ToUndo())
  return undo
}()

/// Ends the process by the signal that it got, so that the shell knows.
private func endProcessUndoing(_ number: Int32) {
  if let file = undo.pointee.file { unlink(file) }
  showInput()
  _ = signal(number, SIG_DFL)
  // It is blocked until the handler returns.
  raise(number)
}

/// Stops the process, and goes on where it was when it is continued; a process that nobody could
/// continue is not stopped at all.
private func stopProcessUndoing(_ number: Int32) {
  let reason = errno
  showInput()
  _ = signal(number, SIG_DFL)
  var stopping = sigset_t()
  sigemptyset(&stopping)
  sigaddset(&stopping, number)
  raise(number)
  pthread_sigmask(SIG_UNBLOCK, &stopping, nil)
  // Here it is stopped.
  pthread_sigmask(SIG_BLOCK, &stopping, nil)
  _ = signal(number, stopProcessUndoing)
  if undo.pointee.terminal >= 0 {
    tcsetattr(undo.pointee.terminal, TCSAFLUSH, &undo.pointee.hidden)
  }
  if let enter = undo.pointee.enter { send(enter) }
  undo.pointee.continuations &+= 1
  errno = reason
}

/// Writes to the terminal; there is nobody to tell if this fails.
private func send(_ text: StaticString) {
  _ = write(undo.pointee.terminal, text.utf8Start, text.utf8CodeUnitCount)
}

private func showInput() {
  guard undo.pointee.terminal >= 0 else { return }
  if let leave = undo.pointee.leave { send(leave) }
  // Otherwise a process in the background would be stopped by this.
  let handler = signal(SIGTTOU, SIG_IGN)
  tcsetattr(undo.pointee.terminal, TCSAFLUSH, &undo.pointee.shown)
  _ = signal(SIGTTOU, handler)
}
