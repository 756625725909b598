/// What a program takes that consists of commands: the name of one, and the arguments of that.
package struct ProgramSyntax: Sendable {
  package let name: String
  package let abstract: String
  /// As a command's.
  package let discussion: String
  package let commands: [CommandSyntax]

  package init(_ name: String, abstract: String, discussion: String, commands: [CommandSyntax]) {
    self.name = name
    self.abstract = abstract
    self.discussion = discussion
    self.commands = commands
  }

  /// What a command line asks for.
  package enum Request {
    /// This text, with success.
    case help(String)
    /// A command of this name.
    case run(_ command: String, ParsedArguments)
    /// Nothing that there is: the text says what is wrong, and how it is right. The command is nil
    /// if it is not even known.
    case refusal(command: String?, String)
  }

  /// Reads a command line, without the name of the program.
  ///
  /// - Parameter width: the columns of the terminal, for help.
  package func read(_ words: [ArgumentBytes], width: Int) -> Request {
    var words = words[...]
    guard let first = words.popFirst(), !first.asksForHelp else { return .help(help(width)) }
    if first.text == Self.help {
      guard let name = words.first else { return .help(help(width)) }
      guard let command = command(name) else { return unknown(name, width) }
      return .help(help(command, width))
    }
    guard let command = command(first) else { return unknown(first, width) }
    do {
      guard let arguments = try ParsedArguments(words, command) else {
        return .help(help(command, width))
      }
      return .run(command.name, arguments)
    } catch {
      return .refusal(command: command.name, refusal("\(error)", command, width))
    }
  }

  /// Any program of commands has this one.
  static let help = "help"

  private func command(_ word: ArgumentBytes) -> CommandSyntax? {
    commands.first { $0.name == word.text }
  }

  private func unknown(_ word: ArgumentBytes, _ width: Int) -> Request {
    let problem =
      word.isOption
      ? "there is no option \(word.optionText) in front of a command"
      : "there is no command \"\(word.text)\""
    return .refusal(command: nil, refusal(problem, nil, width))
  }
}
