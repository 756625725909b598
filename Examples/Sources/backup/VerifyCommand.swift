import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check that the repository is sound.",
    discussion: """
      By default: that everything that a snapshot needs is there, and that the lists of files are \
      sound. With --data, every stored byte is read and checked, with --sample that of some packs. If \
      something is wrong it is named, with the files that it affects, and the exit status is 2.

      With a writer's key only what needs no reading is checked: that blobs are as they were stored. \
      The same, of every blob, is checked with --without-key, where no key is at hand: on the machine \
      that keeps the repository, for instance.

      With --resume, what was read and found sound is noted in a file, and not read again by the next \
      run with the same file: after an interruption it goes on, and samples come to cover everything. \
      When all is read, the file is removed.

      --seen compares the repository with what this machine saw of it last, which is kept in \
      CAIRN_STATE (by default ~/.local/state/cairn): a snapshot that is gone, an older state that is \
      shown, keys that came, went or changed. That is named, as a question to you, until you say \
      --accept.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Flag(help: "Read and check every stored byte.")
  var data = false

  @Option(
    help: ArgumentHelp(
      "Read and check this share of the packs, chosen at random.", valueName: "percent"))
  var sample: Double?

  @Option(
    help: ArgumentHelp(
      "Go on where the last run with this file ended, and note in it what is read.",
      valueName: "file"))
  var resume: ArgumentBytes?

  @Flag(help: "Check every blob against its name, which needs no key.")
  var withoutKey = false

  @Flag(help: "Compare with what was seen last, and keep what is seen now.")
  var seen = false

  @Flag(help: "As --seen, and take what is there now for right.")
  var accept = false

  @OptionGroup var logging: LoggingOptions

  func validate() throws {
    guard !data || sample == nil else {
      throw ValidationError("--data checks everything; leave out --sample.")
    }
    guard sample.map({ $0 > 0 && $0 <= 100 }) ?? true else {
      throw ValidationError("--sample takes a number from 0 to 100.")
    }
    guard resume == nil || data || sample != nil || withoutKey else {
      throw ValidationError("--resume needs --data, --sample or --without-key.")
    }
    guard !withoutKey || (!seen && !accept) else {
      throw ValidationError("--seen and --accept need a key; leave out --without-key.")
    }
  }

  private struct Document: Encodable {
    let sound: Bool
    let report: VerifyReport
    let changes: [SeenChanges.Finding]
    let affected: [Affected]
    /// What parity says of damaged blobs, if the repository keeps some.
    let damage: Parity.Damage?
    let elapsed: Double

    struct Affected: Encodable {
      let snapshot: String
      let name: String
      let files: [FileProblem]
      let unlistedFiles: Int64
    }
  }

  func run() async throws {
    let start = ContinuousClock.now
    // Whoever asks for names only gets all of them.
    let depth: VerifyOptions.Depth =
      sample.map { .sample(percent: $0) } ?? (data || withoutKey ? .data : .structure)
    let options = VerifyOptions(depth, stateFile: resume?.path)
    let progress = ProgressLine.reporter("verifying")
    if withoutKey {
      let report = try await Repository.verifyNames(
        on: repository.target(), options, progress: progress)
      return try await finish(report, [], [], since: start)
    }
    let (store, writer): (Repository?, RepositoryWriter)
    switch try await repository.openAsAllowed() {
    case .readable(let readable): (store, writer) = (readable, readable.writer)
    case .writable(let writable): (store, writer) = (nil, writable)
    }
    let log = logging.begin("verify", on: writer)
    let changes: [SeenChanges.Finding]
    let report: VerifyReport
    var affected: [DamagedSnapshot] = []
    do {
      changes = try await compare(writer)
      if let store {
        report = try await store.verify(options, progress: progress)
        affected = try await store.damagedSnapshots(by: report)
      } else {
        report = try await writer.verify(options, progress: progress)
      }
    } catch {
      log?.fail(error)
      throw error
    }
    log?.add(report)
    try await finish(report, changes, affected, since: start)
  }

  /// Says what was found, and ends.
  private func finish(
    _ report: VerifyReport, _ changes: [SeenChanges.Finding], _ affected: [DamagedSnapshot],
    since start: ContinuousClock.Instant
  ) async throws {
    let damage =
      report.isSound
      ? nil : try await Parity(repository.target())?.look(at: report, mending: false)
    for change in changes { printError(change.message) }
    for problem in report.problems {
      let ids = problem.roots.map { String($0.prefix(8)) }.joined(separator: ", ")
      printError(problem.message + (ids.isEmpty ? "" : " (found through snapshot \(ids))"))
    }
    if report.unlistedProblems > 0 {
      printError("\(Formatting.count(report.unlistedProblems, "more problem")) not listed")
    }
    for damaged in affected {
      let id = damaged.snapshot.id.description.prefix(8)
      for problem in damaged.problems {
        printError("in snapshot \(id), \(problem.path): \(problem.message)")
      }
      if damaged.unlistedProblems > 0 {
        printError(
          "in snapshot \(id), \(Formatting.count(damaged.unlistedProblems, "more file")) not listed"
        )
      }
    }
    try print(report, changes, affected, damage, seconds: (ContinuousClock.now - start).seconds)
    try (report.isSound && changes.isEmpty ? ExitStatus.done : .failed).end()
  }

  /// What differs from what this machine saw last, if that is asked for.
  private func compare(_ writer: RepositoryWriter) async throws -> [SeenChanges.Finding] {
    guard seen || accept else { return [] }
    let path = try LocalState(of: writer).seen
    let changes = try await writer.changes(since: try SeenRecord.read(path))
    try (accept ? changes.accepted : changes.record).write(path)
    return accept ? [] : changes.findings
  }

  private func print(
    _ report: VerifyReport, _ changes: [SeenChanges.Finding], _ affected: [DamagedSnapshot],
    _ damage: Parity.Damage?, seconds: Double
  ) throws {
    let output = Output()
    if repository.output.json {
      try output.write(
        json: Document(
          sound: report.isSound, report: report, changes: changes,
          affected: affected.map {
            Document.Affected(
              snapshot: $0.snapshot.id.description, name: $0.snapshot.name, files: $0.problems,
              unlistedFiles: $0.unlistedProblems)
          }, damage: damage, elapsed: seconds))
    } else {
      try output.writeLine(
        "\(Formatting.count(report.roots, "snapshot")), \(Formatting.count(report.chunks, "chunk")), "
          + "\(Formatting.count(report.packs, "pack")), "
          + "\(Formatting.count(report.checkedPacks)) of them read, "
          + (report.packsCheckedBefore > 0
            ? "\(Formatting.count(report.packsCheckedBefore)) before, " : "")
          + "\(Formatting.bytes(report.readBytes)), in \(Formatting.duration(seconds))")
      try output.writeLine(
        report.isSound
          ? "no problem was found"
          : "\(Formatting.count(Int64(report.problems.count) + report.unlistedProblems, "problem"))"
      )
      if let damage, !damage.mendable.isEmpty {
        try output.writeLine(
          "\(Formatting.count(damage.mendable.count, "damaged blob")) can be mended by parity: run "
            + "backup repair")
      }
    }
    try output.flush()
  }
}
