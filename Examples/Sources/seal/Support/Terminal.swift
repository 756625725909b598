import CairnCrypto
import CommandSupport
import SystemPackage

/// The terminal of this process, whatever its standard streams are.
enum Terminal {
  /// Asks for a secret, which is not shown while it is typed.
  static func readSecret(_ prompt: String) throws -> SecretBytes {
    try withTerminal { terminal in
      try Undo.hidingInput(on: terminal) {
        // The end of the line that is typed is hidden too.
        defer { _ = try? terminal.writeAll("\n".utf8) }
        _ = try terminal.writeAll("\(prompt): ".utf8)
        return try SecretLine.read(from: terminal)
      }
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
