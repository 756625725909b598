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
      --no-relative-marks, --rewrite-submodules-from=NAME:FILE, --rewrite-submodules-to=NAME:FILE, \
      --allow-unsafe-features, --signed-commits=MODE, --signed-tags=MODE. The modes are verbatim, \
      warn-verbatim, strip, warn-strip and abort; those that verify signatures are refused. Options \
      about packs and memory (--max-pack-size, --big-file-threshold, --depth, --active-branches, \
      --export-pack-edges) change nothing here, and a warning says so.

      On SIGUSR1, a checkpoint is made behind the command at hand. An import that was interrupted \
      goes on from the last checkpoint: its refs are there, and its marks if they were exported.

      Relative marks files are in the directory <repo>.marks.

      Refs are added to those of the newest snapshot of the same name. Nothing is published before \
      a checkpoint or the end of the stream.

      Otherwise than git does, it refuses a line of more than 1 MiB, a path of more than 256 \
      components, a name of more than 65,535 bytes, and a stream that ends where the data of a \
      file should come.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Option(help: "What the snapshot is called.")
  var name = "history"

  @Argument(
    parsing: .allUnrecognized,
    help: ArgumentHelp("The stream, and git's options.", valueName: "stream"))
  var rest: [String] = []

  func run() async throws {
    let (arguments, streams) = Self.split(rest)
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
    var options = ImportOptions(folder: FilePath(repository.place.path.string + ".marks"))
    options.warn = { printError("warning: \($0)\n") }
    let chosen = options
    CheckpointSignal.install()
    let snapshotName = name
    let input = stream
    let session = try await store.startSession()
    let (report, isQuiet): (ImportReport, Bool)
    do {
      // Trees are made of those of the last import.
      if let previous { try await session.build(on: previous) }
      (report, isQuiet) = try await session.withBlockingSession { session in
        let importer = try Importer(
          input, into: session, options: chosen, arguments: arguments, name: snapshotName,
          previous: previous?.chunk)
        return (try importer.run(), importer.isQuiet)
      }
    } catch {
      // If this fails, collections wait for the session for a while.
      try? await session.end()
      throw error
    }
    try? await session.end()
    if !isQuiet { printError(report.statistics) }
    for refusal in report.refusals { printError("warning: \(refusal)\n") }
    if !report.refusals.isEmpty { throw ExitCode(1) }
  }

  /// Git's options, each with its value behind a "=", and the streams.
  private static func split(_ words: [String]) -> (options: [String], streams: [String]) {
    var options: [String] = []
    var streams: [String] = []
    var words = words[...]
    while let word = words.popFirst() {
      if word == "-" || !word.hasPrefix("-") {
        streams.append(word)
      } else if ImportOptions.needsValue(word), let value = words.popFirst() {
        options.append("\(word)=\(value)")
      } else {
        options.append(word)
      }
    }
    return (options, streams)
  }
}
