import ArgumentParser
import CommandSupport

/// The command; each of its subcommands is in a file of its own.
@main
struct SealCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seal",
    abstract: "Encrypt files for people and machines, in the age format, and decrypt them.",
    discussion: """
      The options are those of the age and age-keygen commands: where a script calls age, it can \
      call seal; where it calls age-keygen, seal keygen. Files go both ways.

      IN defaults to standard input, and OUT to standard output. A file named by OUT is replaced \
      when the new one is whole; if anything fails, it stays as it was.

      The exit status is 0, or 1 with one line on standard error that says what was wrong: the \
      header, that no identity matched, the header MAC, the payload (with the number of the \
      segment), the armor, or else.
      """,
    subcommands: [
      EncryptCommand.self, DecryptCommand.self, KeygenCommand.self, InspectCommand.self,
      RewrapCommand.self,
    ])

  static func main() {
    Signals.ignoreBrokenPipe()
    let status: Int32
    do {
      var command = try parseAsRoot(commandLine(RawArguments.current))
      try command.run()
      status = 0
    } catch {
      status = ExitStatus.reporting(error)
    }
    ProgressLine.clear()
    endProcess(status)
  }

  /// The arguments with a subcommand in front: as in `age`, what names none encrypts, or decrypts
  /// if an option says so.
  static func commandLine(_ arguments: [String]) -> [String] {
    let general: Set = ["help", "--help", "-h", "--help-hidden", "--generate-completion-script"]
    let names = configuration.subcommands.compactMap { $0.configuration.commandName }
    guard let first = arguments.first, !names.contains(first), !general.contains(first) else {
      return arguments
    }
    let options = arguments.prefix { $0 != "--" }
    let modes: Set = ["-d", "--decrypt", "-e", "--encrypt"]
    let isDecrypting = options.contains { $0 == "-d" || $0 == "--decrypt" }
    let rest = options.filter { !modes.contains($0) } + arguments.dropFirst(options.count)
    return [isDecrypting ? "decrypt" : "encrypt"] + rest
  }
}
