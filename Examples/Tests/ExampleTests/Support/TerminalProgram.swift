import Foundation
import Synchronization
import Testing

/// A program that has a pseudo terminal for its standard streams, and what that shows.
final class TerminalProgram: Sendable {
  /// What the terminal shows now.
  struct State {
    var screen: TerminalScreen
    var byteCount = 0
  }

  private let process: Foundation.Process
  private let leader: Int32
  private let terminal: Int32
  private let state: Mutex<State>
  private let isOver = Mutex(false)
  private let before: Bool

  init(_ program: Program, _ arguments: [String], columns: Int = 80, rows: Int = 24) throws {
    (leader, terminal) = try Self.openTerminal()
    state = Mutex(State(screen: TerminalScreen(columns: columns, rows: rows)))
    process = Foundation.Process()
    before = Self.echoes(leader)
    setSize(columns: columns, rows: rows)
    process.executableURL = URL(filePath: program.executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(filePath: program.folder)
    var variables = ["PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C.UTF-8"]
    variables["LD_LIBRARY_PATH"] = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"]
    process.environment = variables.merging(program.environment) { $1 }
    let handle = FileHandle(fileDescriptor: terminal, closeOnDealloc: false)
    process.standardInput = handle
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    Thread.detachNewThread { [self] in read() }
  }

  /// Both ends of a new pseudo terminal.
  private static func openTerminal() throws -> (leader: Int32, terminal: Int32) {
    #if canImport(Darwin)
      let leader = posix_openpt(O_RDWR | O_NOCTTY)
      try #require(leader >= 0 && grantpt(leader) == 0 && unlockpt(leader) == 0)
      let name = String(cString: try #require(ptsname(leader)))
    #else
      // The functions of POSIX are declared for _XOPEN_SOURCE only: TIOCSPTLCK and TIOCGPTN.
      let leader = Foundation.open("/dev/ptmx", O_RDWR | O_NOCTTY)
      var (isLocked, number): (Int32, Int32) = (0, 0)
      try #require(
        leader >= 0 && ioctl(leader, 0x4004_5431, &isLocked) == 0
          && ioctl(leader, 0x8004_5430, &number) == 0)
      let name = "/dev/pts/\(number)"
    #endif
    let terminal = Foundation.open(name, O_RDWR | O_NOCTTY)
    try #require(terminal >= 0)
    return (leader, terminal)
  }

  private func read() {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    // What was sent before the end is still read.
    var isLast = false
    while !isLast {
      isLast = isOver.withLock { $0 }
      var request = pollfd(fd: leader, events: Int16(POLLIN), revents: 0)
      guard poll(&request, 1, 20) > 0 else { continue }
      let count = Foundation.read(leader, &buffer, buffer.count)
      guard count > 0 else { continue }
      isLast = false
      let bytes = buffer.prefix(count)
      state.withLock { state in
        state.screen.take(bytes)
        state.byteCount += count
      }
    }
    close(leader)
    close(terminal)
  }

  private static func echoes(_ file: Int32) -> Bool {
    var settings = termios()
    return tcgetattr(file, &settings) == 0
      && settings.c_lflag & tcflag_t(ECHO | ICANON) == tcflag_t(ECHO | ICANON)
  }

  /// Whether the terminal is set as it was at first.
  var isRestored: Bool { Self.echoes(leader) == before }

  private func setSize(columns: Int, rows: Int) {
    var size = winsize()
    size.ws_col = UInt16(columns)
    size.ws_row = UInt16(rows)
    _ = ioctl(leader, UInt(TIOCSWINSZ), &size)
  }

  var current: State { state.withLock { $0 } }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { write(leader, $0.baseAddress, $0.count) }
  }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Gives the terminal another size, as the owner of a window does.
  func resize(columns: Int, rows: Int) {
    state.withLock { $0.screen.resize(columns: columns, rows: rows) }
    setSize(columns: columns, rows: rows)
    send(SIGWINCH)
  }

  /// Waits, as long as a busy machine may need, until the terminal shows what is wanted.
  @discardableResult
  func wait(
    _ comment: Comment, until isWanted: (TerminalScreen) -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> State {
    let deadline = ContinuousClock.now + .seconds(600)
    while true {
      let state = current
      if isWanted(state.screen) { return state }
      try #require(
        process.isRunning && ContinuousClock.now < deadline,
        "\(comment) did not come; the terminal shows \(state.screen.text)",
        sourceLocation: sourceLocation)
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// Waits for the end of the process.
  ///
  /// - Returns: its exit status, or the negative number of the signal that ended it.
  func end() async throws -> (status: Int32, state: State) {
    let deadline = ContinuousClock.now + .seconds(600)
    while process.isRunning {
      if ContinuousClock.now > deadline {
        send(SIGKILL)
        Issue.record("the program does not end; the terminal shows \(current.screen.text)")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
    // Until all has been read that it has sent.
    try await Task.sleep(for: .milliseconds(100))
    let result = process.terminationStatus
    let isExit = process.terminationReason == .exit
    return (isExit ? result : -result, current)
  }

  /// Lets the terminal go.
  func close() {
    if process.isRunning { send(SIGKILL) }
    isOver.withLock { $0 = true }
  }

  private func close(_ file: Int32) { _ = Foundation.close(file) }
}
