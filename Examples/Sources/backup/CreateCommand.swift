import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport
import SystemPackage

struct CreateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Back up files and directories as a new snapshot.",
    discussion: """
      Each PATH stands in the snapshot under its last component, and is restored as DEST/NAME; write \
      NAME=PATH for another name, which two paths with the same last component need, and "/". (If \
      there is a file of the whole name NAME=PATH, it is that file which is meant.) A symbolic link \
      is stored as a link, unless a "/" follows it.

      Only what changed since the last snapshot of the same places is read. With a writer's key the \
      list of files is compared that the last run left in CAIRN_STATE (by default \
      ~/.local/state/cairn). A socket is skipped with \
      a word. What cannot be read is named, and the exit status is 1.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Argument(help: ArgumentHelp("What to back up.", valueName: "path"))
  var paths: [ArgumentBytes]

  @Option(
    help: ArgumentHelp(
      "The snapshot's name; by default the names of what it holds, joined by \"+\".",
      valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp("A word of your own for the snapshot; can be repeated.", valueName: "k=v"))
  var tag: [String] = []

  @Option(
    help: ArgumentHelp(
      "Leave out what matches; can be repeated. \"*.o\" and \"cache/\" match anywhere, "
        + "\"NAME/build\" and \"**/build/*.log\" by the path in the snapshot.", valueName: "glob"))
  var exclude: [ArgumentBytes] = []

  @Flag(help: "Leave out what is on other file systems than the paths themselves.")
  var oneFileSystem = false

  @OptionGroup var logging: LoggingOptions

  @Option(
    help: ArgumentHelp(
      "\"fast\", or \"high\": a fifth smaller, for twice the time of a first backup.",
      valueName: "effort"))
  var compression = Compression.fast

  enum Compression: String, ExpressibleByArgument, CaseIterable {
    case fast, high

    var compressor: LZ4 {
      switch self {
      case .fast: LZ4(.fast)
      case .high: LZ4(.high)
      }
    }
  }

  func run() async throws {
    let start = ContinuousClock.now
    let places = try paths.map { try Place($0).root }
    try Place.checkNames(places)
    var options = BackupOptions(name: try snapshotName(of: places))
    options.tags = try tags()
    options.host = hostName()
    options.exclude = GlobSet(try exclude.map { try Glob(bytes: $0.bytes) })
    options.staysOnFileSystem = oneFileSystem

    let store = try await repository.openWriter(
      Repository.Options(compressor: compression.compressor))
    // Who may read finds the last backup in the repository.
    if store.capability == .writer { options.localCopy = try LocalState(of: store).folder }
    let log = logging.begin("create \(options.name)", on: store)
    if let log { options.willRead = { key, size in log.addFile(key, size: size) } }
    let report: BackupReport
    do {
      report = try await Backup(into: store, options).run(
        places, progress: ProgressLine.reporter("backing up"))
    } catch {
      let failure = Failure.ifInterrupted(
        error, "what was stored is kept and the next run uses it")
      log?.fail(failure)
      throw failure
    }
    if let problem = report.previousProblem { printError(problem) }
    if let problem = report.localProblem {
      printError("the next backup will read every file, since no copy was kept: \(problem)")
    }
    for problem in report.skipped { printError(problem) }
    for problem in report.problems { printError(problem) }
    if report.unlistedProblems > 0 {
      printError("\(Formatting.count(report.unlistedProblems, "more problem")) not listed")
    }
    log?.add(report)
    try print(report, seconds: (ContinuousClock.now - start).seconds)
    let isComplete =
      report.problems.isEmpty && report.previousProblem == nil && report.localProblem == nil
    try (isComplete ? ExitStatus.done : .incomplete).end()
  }

  private func snapshotName(of places: [WalkRoot]) throws -> String {
    let name = name ?? places.map { String(displaying: $0.name) }.joined(separator: "+")
    guard !name.isEmpty, name != "latest" else {
      throw Failure("a snapshot cannot be named \"\(name)\"; choose another --name")
    }
    return name
  }

  private func tags() throws -> [String: String] {
    var tags: [String: String] = [:]
    for text in tag {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw Failure("the tag \"\(text)\" is not of the form name=value")
      }
      guard tags.updateValue(String(parts[1]), forKey: String(parts[0])) == nil else {
        throw Failure("the tag \(parts[0]) is given twice")
      }
    }
    return tags
  }

  private struct Document: Encodable {
    let snapshot: SnapshotDocument
    let previous: String?
    let previousProblem: String?
    let localProblem: String?
    let files: Int64
    let directories: Int64
    let others: Int64
    let unchangedFiles: Int64
    let bytes: Int64
    let readBytes: Int64
    let problems: [FileProblem]
    let skipped: [FileProblem]
    let unlistedProblems: Int64
    let store: SessionStatistics
    let elapsed: Double
    let stages: [String: Double]
  }

  private func print(_ report: BackupReport, seconds: Double) throws {
    let output = Output()
    if repository.output.json {
      try output.write(
        json: Document(
          snapshot: SnapshotDocument(report.snapshot), previous: report.previous,
          previousProblem: report.previousProblem, localProblem: report.localProblem,
          files: report.files, directories: report.directories, others: report.others,
          unchangedFiles: report.unchangedFiles, bytes: report.bytes, readBytes: report.readBytes,
          problems: report.problems, skipped: report.skipped,
          unlistedProblems: report.unlistedProblems, store: report.store, elapsed: seconds,
          stages: report.stages.seconds))
    } else {
      let id = report.snapshot.id.description.prefix(8)
      try output.writeLine("snapshot \(id) \(report.snapshot.name)")
      try output.writeLine(
        "\(Formatting.count(report.files, "file")), "
          + "\(Formatting.count(report.unchangedFiles)) of them unchanged, "
          + "\(Formatting.count(report.directories, "directory")), "
          + "\(Formatting.count(report.others, "other entry")), "
          + "\(Formatting.bytes(report.bytes))")
      try output.writeLine(
        "read \(Formatting.bytes(report.readBytes)), "
          + "stored \(Formatting.bytes(report.store.storedBytes)) "
          + "in \(Formatting.duration(seconds))")
    }
    try output.flush()
  }
}
