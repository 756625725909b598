/// Why a stream is refused: what git would refuse too, or what this program does not do.
public struct ImportError: Error, Sendable, CustomStringConvertible {
  /// A sentence without its full stop.
  public let message: String
  /// The line of the stream that was read last, counted from 1; 0 if it is not about a stream.
  public internal(set) var line: UInt64 = 0
  /// The bytes of the stream that were read.
  public internal(set) var offset: UInt64 = 0
  /// The commands that were read last, the newest at the end.
  public internal(set) var commands: [String] = []

  init(_ message: String) {
    self.message = message
  }

  public var description: String { message }

  /// What is written for the person: where it happened, and what came before.
  public var report: String {
    guard line > 0 else { return "fatal: \(message)\n" }
    var text = "fatal: \(message)\nat line \(line), byte \(offset) of the stream\n"
    if !commands.isEmpty { text += "the commands before:\n" }
    for command in commands { text += "  \(command)\n" }
    return text
  }
}
