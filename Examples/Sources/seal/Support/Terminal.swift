import CairnCrypto
import CommandSupport
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The terminal of this process, whatever its standard streams are.
enum Terminal {
  /// Asks for a secret, which is not shown while it is typed.
  static func readSecret(_ prompt: String) throws -> SecretBytes {
    try withTerminal { terminal in
      var shown = termios()
      tcgetattr(terminal.rawValue, &shown)
      var hidden = shown
      hidden.c_lflag &= ~tcflag_t(ECHO)
      // Typed ahead, a secret would be shown.
      tcsetattr(terminal.rawValue, TCSAFLUSH, &hidden)
      defer {
        tcsetattr(terminal.rawValue, TCSAFLUSH, &shown)
        _ = try? terminal.writeAll("\n".utf8)
      }
      _ = try terminal.writeAll("\(prompt): ".utf8)
      return try SecretLine.read(from: terminal)
    }
  }

  /// Asks for a line.
  static func readLine(_ prompt: String) throws -> String {
    try withTerminal { terminal in
      _ = try terminal.writeAll("\(prompt): ".utf8)
      return try SecretLine.read(from: terminal).withUnsafeBytes {
        String(decoding: $0, as: UTF8.self)
      }
    }
  }

  private static func withTerminal<Result>(
    _ body: (FileDescriptor) throws -> Result
  ) throws -> Result {
    ProgressLine.clear()
    guard
      let terminal = try? FileDescriptor.open(
        "/dev/tty", .readWrite, options: .closeOnExec)
    else {
      throw Failure(
        "there is no terminal to ask for a passphrase on: give it through --passphrase-fd")
    }
    return try terminal.closeAfter { try body(terminal) }
  }
}
