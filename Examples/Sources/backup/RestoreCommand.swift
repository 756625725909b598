import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct RestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Restore a snapshot, or some of its paths, below a directory.",
    discussion: """
      What the snapshot has as NAME/… becomes DEST/NAME/…. Files that are there are replaced, each in \
      one step; what the snapshot does not have stays. Nothing is written outside DEST: a symbolic \
      link on the way is refused. A file that cannot be restored is named, and the exit status is 1. Where a part of a file is lost, \
      the file is left out; --holes restores it with holes in place of what is lost.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Argument(help: "A name, the first digits of an id, or \"latest\".")
  var snapshot: String

  @Argument(help: ArgumentHelp("A directory; it is made if it does not exist.", valueName: "dest"))
  var destination: ArgumentBytes

  @Argument(
    help:
      "Paths in the snapshot, which begin with the name of what was backed up; without any, all.")
  var paths: [ArgumentBytes] = []

  @Flag(help: "Restore files of which a part is lost, with holes in its place.")
  var holes = false

  @OptionGroup var logging: LoggingOptions

  func run() async throws {
    let start = ContinuousClock.now
    let store = try await repository.open()
    let snapshot = try await store.snapshot(snapshot)
    let log = logging.begin("restore \(snapshot.name) to \(destination.text)", on: store)
    let report: RestoreReport
    var options = RestoreOptions()
    options.restoresDamagedFiles = holes
    do {
      report = try await Restore(snapshot, from: store, options).run(
        to: destination.path, paths: paths.map { SnapshotEntry.key(ofPath: $0.bytes) },
        progress: ProgressLine.reporter("restoring"))
    } catch {
      let failure = Failure.ifInterrupted(
        error, "the files restored so far are whole, run it again for the rest")
      log?.fail(failure)
      throw failure
    }
    log?.add(report, of: snapshot)
    for problem in report.problems { printError(problem) }
    if report.unlistedProblems > 0 {
      printError("\(Formatting.count(report.unlistedProblems, "more problem")) not listed")
    }
    try print(report, of: snapshot, seconds: (ContinuousClock.now - start).seconds)
    try (report.problems.isEmpty ? ExitStatus.done : .incomplete).end()
  }

  private struct Document: Encodable {
    let snapshot: SnapshotDocument
    let destination: String
    let files: Int64
    let directories: Int64
    let others: Int64
    let bytes: Int64
    let problems: [FileProblem]
    let unlistedProblems: Int64
    let elapsed: Double
  }

  private func print(_ report: RestoreReport, of snapshot: Snapshot, seconds: Double) throws {
    let output = Output()
    if repository.output.json {
      try output.write(
        json: Document(
          snapshot: SnapshotDocument(snapshot), destination: destination.text, files: report.files,
          directories: report.directories, others: report.others, bytes: report.bytes,
          problems: report.problems, unlistedProblems: report.unlistedProblems, elapsed: seconds))
    } else {
      try output.writeLine(
        "restored \(Formatting.count(report.files, "file")), "
          + "\(Formatting.count(report.directories, "directory")), "
          + "\(Formatting.count(report.others, "other entry")), \(Formatting.bytes(report.bytes)) "
          + "in \(Formatting.duration(seconds))")
    }
    try output.flush()
  }
}
