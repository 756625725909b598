import Foundation
import Testing

/// A program that talks to a person, who sits at a pseudo-terminal.
struct Dialogue {
  /// What the person does when the terminal shows something that it has not shown before.
  struct Step: Encodable {
    /// A part of what is waited for.
    let shown: String
    let typed: String
    /// A signal sent after typing, by its number.
    let signal: Int32?
    /// Whether to wait until the program stops and shows what is typed, and then to have it
    /// continue and hide that again.
    let continues: Bool

    init(_ shown: String, type: String = "", signal: Int32? = nil, continues: Bool = false) {
      self.shown = shown
      self.typed = type
      self.signal = signal
      self.continues = continues
    }
  }

  struct Result: Decodable {
    /// The exit status, or the negative number of the signal that ended it.
    let status: Int32
    /// All that the terminal showed.
    let shown: String
    /// Whether the terminal showed what was typed, at each step and at the end.
    let echo: [Bool]
  }

  /// The interpreter itself: the command of that name may be a script, and take its time.
  static let interpreter: String? = {
    var shell = Program(folder: NSTemporaryDirectory())
    shell.executable = "/bin/sh"
    shell.environment = ProcessInfo.processInfo.environment
    let run = try? shell.run(["-c", #"exec python3 -c "import sys; print(sys.executable)""#])
    return run?.status == 0 ? run?.lines.first : nil
  }()

  /// Runs a command of several words with a terminal for all its streams, in the folder of
  /// `program`; ends it if something that is waited for does not come.
  static func run(
    _ command: [String], in program: Program, _ steps: [Step]
  ) throws -> Result {
    var python = program
    python.executable = try #require(interpreter)
    let encoder = JSONEncoder()
    let words = try [encoder.encode(command), encoder.encode(steps)]
    let run = try python.run(
      ["-SEc", script] + words.map { String(decoding: $0, as: UTF8.self) })
    try #require(run.status == 0, "\(run.errors)")
    return try JSONDecoder().decode(Result.self, from: run.output)
  }

  private static let script = #"""
    import json, os, pty, select, signal, sys, termios, time

    command, steps = (json.loads(word) for word in sys.argv[1:])
    report, reporter = os.pipe()
    leader, terminal = pty.fork()
    if leader == 0:
        # As a shell does it: a group of its own that has the terminal, and can be stopped.
        program = os.fork()
        if program == 0:
            os.setpgid(0, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            os.tcsetpgrp(0, os.getpid())
            for number in signal.SIGTTOU, signal.SIGPIPE, signal.SIGXFSZ:
                signal.signal(number, signal.SIG_DFL)
            os.write(reporter, b"%d\n" % os.getpid())
            os.execv(command[0], command)
        os.write(reporter, b"%d\n" % os.waitpid(program, 0)[1])
        signal.pause()  # the terminal remains until it has been looked at
    os.close(reporter)
    report = os.fdopen(report)
    program = int(report.readline())
    shown, seen, deadline = b"", 0, time.monotonic() + 60

    def read(seconds):
        global shown
        if not select.select([terminal], [], [], seconds)[0]:
            return True
        try:
            data = os.read(terminal, 4096)
        except OSError:  # Linux, when nobody has the other end open any more
            data = b""
        shown += data
        return data != b""

    def has_echo():
        return termios.tcgetattr(terminal)[3] & termios.ECHO != 0

    def wait_for(condition, what):
        while not condition():
            if time.monotonic() > deadline or not read(0.01) and not condition():
                os.kill(program, signal.SIGKILL)
                os.kill(leader, signal.SIGKILL)
                sys.exit(f"{what} did not come: {shown!r}")

    def resumed():
        # It may not have been stopped yet when it was told to go on.
        os.kill(program, signal.SIGCONT)
        return not has_echo()

    echo, has_ended = [], lambda: select.select([report], [], [], 0)[0] != []
    for step in steps:
        text = step["shown"].encode()
        wait_for(lambda: text in shown[seen:], text)
        seen = shown.index(text, seen) + len(text)
        echo.append(has_echo())
        os.write(terminal, step["typed"].encode())
        if "signal" in step:
            os.kill(program, step["signal"])
        if step["continues"]:
            wait_for(has_echo, "echo")
            wait_for(resumed, "the end of echo")
    wait_for(has_ended, "the end of the program")
    echo.append(has_echo())
    while select.select([terminal], [], [], 0)[0] and read(0):
        pass
    status = os.waitstatus_to_exitcode(int(report.readline()))
    os.kill(leader, signal.SIGKILL)
    json.dump({
        "status": status, "shown": shown.decode(errors="replace"), "echo": echo}, sys.stdout)
    """#
}
