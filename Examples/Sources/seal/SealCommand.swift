import ArgumentParser
import CommandSupport
import FoundationSupport

/// The command; each of its subcommands is in a file of its own.
@main
struct SealCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seal",
    abstract: "Encrypt files for people and machines, in the age format, and decrypt them.",
    usage: "seal <subcommand> [<options>] [<IN>]\n\(usageLikeAge)",
    discussion: """
      The options are those of the age and age-keygen commands: where a script calls age, it can \
      call seal; where it calls age-keygen, seal keygen. Files go both ways.

      IN defaults to standard input, and OUT to standard output. A file named by OUT is replaced \
      when the new one is whole; if anything fails, it stays as it was.

      The exit status is 0, or 1 with one line on standard error that says what was wrong: the \
      header, that no identity matched, the header MAC, the payload (with the number of the \
      segment), the armor, or else. If who reads the output goes away, the status is 1 without a \
      word.
      """,
    subcommands: [
      EncryptCommand.self, DecryptCommand.self, KeygenCommand.self, InspectCommand.self,
      RewrapCommand.self, AgeCommand.self,
    ],
    defaultSubcommand: AgeCommand.self)

  static let usageLikeAge = """
    seal [-e] (-r <RECIPIENT> | -R <FILE> | -p)... [-a] [-o <OUT>] [<IN>]
    seal -d [-i <IDENTITY>]... [-o <OUT>] [<IN>]
    """

  static func main() {
    Signals.ignoreBrokenPipe()
    let status: Int32
    do {
      var command = try parseAsRoot(AgeFlags.translated(RawArguments.current))
      try command.run()
      status = 0
    } catch {
      status = ExitStatus.reporting(error)
    }
    ProgressLine.clear()
    endProcess(status)
  }
}
