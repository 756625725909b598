import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

/// The command; each of its subcommands is in a file of its own.
@main
struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Back up file trees into an encrypted, deduplicating repository, and restore them.",
    discussion: """
      A repository is a directory, a folder of a server (sftp://user@host/path; with /~/path it is \
      below the home directory there), or whatever rclone knows as remote:path \
      (rclone:remote:path). Servers are reached by the system's ssh with its own configuration, or \
      by the command and arguments in CAIRN_SSH; rclone is run as it is configured.

      It is opened by an age identity or by a passphrase, named by \
      --identity and --passphrase-file, or else by the environment variables CAIRN_IDENTITY and \
      CAIRN_PASSPHRASE_FILE.

      A SNAPSHOT is its name (the newest of that name), the first digits of its id, or "latest".

      The exit status is 0 if everything was done, 1 if it was done but for files that are named on \
      standard error, and 2 if it was refused or failed, or if damage was found.

      With --json, standard output is one JSON document; ls, find and diff put out a document per \
      line instead. Messages go to standard error in any case.
      """,
    subcommands: [
      InitCommand.self, CreateCommand.self, ListCommand.self, LsCommand.self, CatCommand.self,
      FindCommand.self, DiffCommand.self, RestoreCommand.self, VerifyCommand.self,
      RepairCommand.self, ParityCommand.self, ForgetCommand.self, PruneCommand.self,
      CopyCommand.self, KeyCommand.self, LogCommand.self,
    ])

  static func main() async {
    Signals.ignoreBrokenPipe()
    let work = Task { () -> Int32 in
      do {
        var command = try parseAsRoot(RawArguments.current)
        if var command = command as? any AsyncParsableCommand {
          try await command.run()
        } else {
          try command.run()
        }
        return ExitStatus.done.rawValue
      } catch {
        return ExitStatus.reporting(error)
      }
    }
    let signals = Signals.onInterruption { work.cancel() }
    let status = await work.value
    withExtendedLifetime(signals) {}
    ProgressLine.clear()
    endProcess(status)
  }
}
