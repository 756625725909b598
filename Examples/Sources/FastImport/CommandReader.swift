/// The commands of a stream, a line each, without the comments.
final class CommandReader {
  let stream: StreamReader
  /// The command that was read last; empty at the end of the stream.
  private(set) var command: Bytes = []
  /// Whether there were comments so far.
  private(set) var hasReadComment = false
  private var isUnread = false
  private var hasEnded = false
  /// The commands that were read last, in a ring, and one place for the next.
  private var recent = [[UInt8]](repeating: [], count: historyLength + 1)
  private var commandCount = 0

  private static let historyLength = 20

  init(_ stream: StreamReader) {
    self.stream = stream
  }

  /// Reads the next command.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  func next() throws -> Bool {
    if isUnread {
      isUnread = false
      return true
    }
    while !hasEnded {
      // Lines take turns in the memory of older ones: most streams are lines for the greater part.
      let place = commandCount % recent.count
      guard try stream.readLine(into: &recent[place]) else { break }
      if recent[place].first == UInt8(ascii: "#") {
        hasReadComment = true
        continue
      }
      command = recent[place][...]
      commandCount += 1
      return true
    }
    hasEnded = true
    command = []
    return false
  }

  /// Has the next call of ``next()`` give this command again.
  func unread() { isUnread = !hasEnded }

  /// The argument of the command, if it has that name.
  func argument(_ name: String) -> Bytes? {
    guard let rest = command.dropping(name), rest.first == Byte.space else { return nil }
    return rest.dropFirst()
  }

  /// An error that says where in the stream it is.
  func located(_ error: any Error) -> any Error {
    guard var error = error as? ImportError else { return error }
    error.line = max(1, stream.line)
    error.offset = stream.offset
    error.commands = history.map { String($0.text.prefix(200)) }
    return error
  }

  /// The commands that were read last, oldest first.
  private var history: [[UInt8]] {
    let numbers = max(0, commandCount - Self.historyLength)..<commandCount
    return numbers.map { recent[$0 % recent.count] }
  }

  // MARK: Data

  /// Where the data that the current command announces ends.
  enum Extent {
    case counted(UInt64)
    /// By a line of its own, which may be empty.
    case delimited(Bytes)
  }

  func extent() throws -> Extent {
    guard let argument = argument("data") else {
      throw ImportError("Expected 'data n' command, found: \(command.text)")
    }
    if let delimiter = argument.dropping("<<") { return .delimited(delimiter) }
    guard let count = argument.leadingDigits.decimal else {
      throw ImportError("data needs a number of bytes, or << and a word: \(command.text)")
    }
    return .counted(count)
  }

  /// Lends the lines up to the delimiter to `body`, with their line feeds.
  func forEachLine(until delimiter: Bytes, _ body: ([UInt8]) throws -> Void) throws {
    while true {
      guard let line = try stream.readLine() else {
        throw ImportError("EOF in data (terminator '\(delimiter.text)' not found)")
      }
      if line.elementsEqual(delimiter) { break }
      try body(line + [Byte.lineFeed])
    }
    try stream.skipOptionalLineFeed()
  }
}
