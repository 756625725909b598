import ArgumentParser
import CairnChunks
import CairnCore
import CairnCrypto
import CommandSupport
import FastImport
import SystemPackage

/// The command; each of its subcommands is in a file of its own.
@main
struct FastImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fast-import",
    abstract: "Keep git histories in an encrypted, deduplicating repository.",
    discussion: """
      Histories come in as git fast-import streams, and go out as such, from which git makes \
      commits of the same ids.

      A repository is a directory. It is opened by an age identity or by a passphrase, named by \
      --identity and --passphrase-file, or else by the environment variables CAIRN_IDENTITY and \
      CAIRN_PASSPHRASE_FILE.

      A SNAPSHOT is its name (the newest of that name), the first digits of its id, or "latest".

      The exit status is 0 if everything was done, 1 if it was done but for refs that are named on \
      standard error, and 128 if the stream was refused or anything failed.
      """,
    subcommands: [
      InitCommand.self, ImportCommand.self, ExportCommand.self, LogCommand.self, LsCommand.self,
      CatCommand.self,
    ])

  static func main() async {
    Signals.ignoreBrokenPipe()
    do {
      var command = try parseAsRoot(RawArguments.current)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let code as ExitCode {
      endProcess(code.rawValue)
    } catch let error as ImportError {
      printError(error.report)
      endProcess(128)
    } catch is Output.ReaderGone {
      endProcess(0)
    } catch
      where error is Failure || error is ChunkStoreError || error is IOError
      || error is CryptoError
    {
      printError("fatal: \(error)\n")
      endProcess(128)
    } catch {
      exit(withError: error)
    }
    endProcess(0)
  }
}

/// Writes a message for the person, apart from what the command puts out.
func printError(_ text: String) {
  // There is nobody to tell if this fails.
  _ = try? FileDescriptor.standardError.writeAll(text.utf8)
}
