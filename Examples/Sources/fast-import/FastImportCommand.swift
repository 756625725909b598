import CMalloc
import CairnChunks
import CairnCore
import CairnCrypto
import CommandSupport
import FastImport
import SystemPackage

/// One of the things that the program does.
struct Subcommand: Sendable {
  let syntax: CommandSyntax
  let run: @Sendable (ParsedArguments) async throws -> Void

  static let all = [
    Subcommand(syntax: .initialize, run: InitCommand.run),
    Subcommand(syntax: .importStream, run: ImportCommand.run),
    Subcommand(syntax: .export, run: ExportCommand.run),
    Subcommand(syntax: .log, run: LogCommand.run),
    Subcommand(syntax: .list, run: LsCommand.run),
    Subcommand(syntax: .concatenate, run: CatCommand.run),
  ]
}

/// The program; each of its commands is in a file of its own.
@main
enum FastImportCommand {
  /// The exit statuses, as the help tells them.
  private enum Status {
    static let done: Int32 = 0
    static let refsNotUpdated: Int32 = 1
    /// As in sysexits.h.
    static let misuse: Int32 = 64
    /// As git has it.
    static let failure: Int32 = 128
  }

  /// Not `async`: libdispatch, which would run it, ends the first thread by unwinding its stack, and
  /// the tables for that are half a MiB more to read.
  static func main() {
    // Some 5 MiB less where two threads take and free small pieces, which is what storing is.
    examples_limit_arenas(1)
    Signals.ignoreBrokenPipe()
    switch ProgramSyntax.fastImport.read(ArgumentBytes.ofProcess, width: terminalWidth()) {
    case .help(let text):
      // There is nobody to tell if this fails.
      _ = try? FileDescriptor.standardOutput.writeAll(text.utf8)
      endProcess(Status.done)
    case .refusal(let name, let text):
      printError(text)
      let isImport = name == CommandSyntax.importStream.name
      endProcess(isImport ? Status.failure : Status.misuse)
    case .run(let name, let arguments):
      Task.detached { endProcess(await run(name, arguments)) }
      sleepForever()
    }
  }

  private static func run(_ name: String, _ arguments: ParsedArguments) async -> Int32 {
    do {
      try await Subcommand.all.first { $0.syntax.name == name }?.run(arguments)
      return Status.done
    } catch is RefsNotUpdated {
      return Status.refsNotUpdated
    } catch is Output.ReaderGone {
      return Status.done
    } catch let error as ImportError {
      printError(error.report)
    } catch {
      printError("fatal: \(error)\n")
    }
    return Status.failure
  }
}

/// Writes a message for the person, apart from what the command puts out.
func printError(_ text: String) {
  // There is nobody to tell if this fails.
  _ = try? FileDescriptor.standardError.writeAll(text.utf8)
}
