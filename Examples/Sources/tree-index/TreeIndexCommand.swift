import ArgumentParser
import CommandSupport
import FoundationSupport

/// The command; each of its subcommands is in a file of its own.
@main
struct TreeIndexCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tree-index",
    abstract: "Keep a sorted list of lines on disk, and ask it for ranks and sums.",
    discussion: """
      An INDEX is a file. It holds lines in bytewise order, each once, of at most 1024 bytes, and a \
      weight with each. Ranks count from 0. A range of LOW and HIGH has the lines from LOW on and \
      below HIGH; neither needs to be there. What begins with "-" goes behind "--".

      Memory is the same for any number of lines. A command that changes an index does all of it or, \
      if it is stopped, nothing.

      The exit status is 0 if everything was done, 1 if lines are refused or not found, and 2 if it \
      was refused or failed, or if damage was found.

      With --json, standard output is JSON, one document to a line. Messages go to standard error in \
      any case.
      """,
    subcommands: [
      LoadCommand.self, RankCommand.self, SelectCommand.self, PageCommand.self, CountCommand.self,
      SumCommand.self, AtWeightCommand.self, RemoveCommand.self, VerifyCommand.self,
      StatsCommand.self, CompactCommand.self,
    ])

  static func main() {
    Signals.ignoreBrokenPipe()
    let status: Int32
    do {
      var command = try parseAsRoot(RawArguments.current)
      try command.run()
      status = ExitStatus.done.rawValue
    } catch {
      status = ExitStatus.reporting(error)
    }
    ProgressLine.clear()
    endProcess(status)
  }
}
