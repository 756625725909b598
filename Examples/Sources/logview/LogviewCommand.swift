import ArgumentParser
import CairnLog
import CommandSupport
import FoundationSupport
import SystemPackage

/// The command; each of its subcommands is in a file of its own.
@main
struct LogviewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logview",
    abstract: "Look at logs of any size as outlines that fold and unfold.",
    discussion: """
      A LOG is a directory. Entries are named by their ids, which count from 0 in order of arrival. \
      Rows count from 0, too; a row is an entry whose ancestors are all expanded.

      After a crash of the program that wrote it, a log is brought up to date when it is opened.

      The exit status is 0, or 1 with one line on standard error that says what was wrong.

      With --json, standard output is one JSON document; rows and export put out a document per \
      line: row, id, parent (null for an entry without), depth, children, expanded, severity, time \
      (nanoseconds since 1970), text.
      """,
    subcommands: [
      GenerateCommand.self, ViewCommand.self, ViewsCommand.self, RowsCommand.self,
      RowCommand.self, StatsCommand.self, VerifyCommand.self, ExportCommand.self,
    ])

  static func main() {
    Signals.ignoreBrokenPipe()
    var status: Int32 = 0
    do {
      var command = try parseAsRoot(RawArguments.current)
      try command.run()
    } catch is Output.ReaderGone {
      // As in `logview export LOG | head`: nothing was wrong.
    } catch let error as LogError {
      printFailure("\(error)")
      status = 1
    } catch let error as Failure {
      printFailure("\(error)")
      status = 1
    } catch  where exitCode(for: error) != .success {
      printFailure("\(message(for: error)); see logview --help")
      status = 1
    } catch {
      print(fullMessage(for: error))
    }
    endProcess(status)
  }
}

struct LogArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("The directory of the log.", valueName: "log"))
  var log: ArgumentBytes

  /// Opens the log for reading, whoever writes it meanwhile.
  func open() throws -> Log { try Log(log.path, LogOptions(isReadOnly: true)) }
}

private func printFailure(_ message: String) {
  let line = "logview: \(Formatting.oneLine(message))\n"
  _ = try? FileDescriptor.standardError.writeAll(line.utf8)
}
