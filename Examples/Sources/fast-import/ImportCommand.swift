import ArgumentParser
import CairnChunks
import CommandSupport
import FastImport
import SystemPackage

struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Read a git fast-import stream.",
    usage: "fast-import import <repo> [<stream>] [--name <name>] [options of git fast-import]",
    discussion: """
      The stream comes from the file, or else from standard input. The options are those of git \
      fast-import: --date-format=FORMAT, --done, --force, --quiet, --stats, --cat-blob-fd=N, \
      --export-marks=FILE, --import-marks=FILE, --import-marks-if-exists=FILE, --relative-marks, \
      --no-relative-marks, --allow-unsafe-features. Those about packs and memory (--max-pack-size, \
      --big-file-threshold, --depth, --active-branches, --export-pack-edges) change nothing here.

      Relative marks files are in the directory <repo>.marks.

      Refs are added to those of the newest snapshot of the same name. Nothing is published before \
      a checkpoint or the end of the stream.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Option(help: "What the snapshot is called.")
  var name = "history"

  @Argument(
    parsing: .allUnrecognized,
    help: ArgumentHelp("The stream, and git's options.", valueName: "stream"))
  var rest: [String] = []

  func run() async throws {
    let arguments = rest.filter { $0.hasPrefix("-") && $0 != "-" }
    let streams = rest.filter { !$0.hasPrefix("-") || $0 == "-" }
    guard streams.count <= 1 else {
      throw ValidationError("one stream at a time: \(streams.joined(separator: ", "))")
    }
    var stream = FileDescriptor.standardInput
    if let path = streams.first, path != "-" {
      do {
        stream = try .open(
          ArgumentBytes(RawArguments.bytes(of: path)).path, .readOnly, options: .closeOnExec)
      } catch {
        throw Failure("cannot open the stream \(path): \(error)")
      }
    }
    let store = try await repository.open()
    let previous = try await store.roots().last { $0.name == name && $0.isHistory }
    // Beside the repository, which is no place for files that are not its own.
    let options = ImportOptions(folder: FilePath(repository.place.path.string + ".marks"))
    let snapshotName = name
    let input = stream
    let session = try await store.startSession()
    let (report, isQuiet) = try await session.withBlockingSession { session in
      let importer = try Importer(
        input, into: session, options: options, arguments: arguments, name: snapshotName,
        previous: previous?.chunk)
      return (try importer.run(), importer.isQuiet)
    }
    if !isQuiet { printError(report.statistics) }
    for refusal in report.refusals { printError("warning: \(refusal)\n") }
    if !report.refusals.isEmpty { throw ExitCode(1) }
  }
}
