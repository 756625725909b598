import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct RepairCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Save what damage has left, and say what is lost.",
    discussion: """
      Reads every stored byte, shows what would be done, and does it: what can be read of damaged packs \
      is written to new ones, a damaged index is written anew, and the rest is taken from copies of \
      the repository (--from) and from the files that were backed up (--source), as far as these \
      still have it. Where the repository keeps parity, that comes first: what it can mend is as it was. \
      Backups may go on meanwhile, and it can be interrupted and run again.

      Nothing is deleted. Damaged packs are no longer used; prune removes them when no snapshot needs \
      what was in them. A snapshot that is hurt stays, and restore --holes brings back what is left of \
      its files; the next backup stores anew what is still there.

      The exit status is 0 if nothing is lost, or with --plan, would be, and 2 otherwise.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Option(
    help: ArgumentHelp(
      "Another directory with a copy of the repository; may be repeated.", valueName: "repo"))
  var from: [ArgumentBytes] = []

  @Option(
    help: ArgumentHelp(
      "A place that was backed up, as it was named to create; may be repeated.",
      valueName: "[name=]path"))
  var source: [ArgumentBytes] = []

  @Flag(help: "Bring back snapshots that a copy has and the repository does not.")
  var roots = false

  @Flag(help: "Read only what is known to be wrong by its size or its absence.")
  var quick = false

  @Flag(name: .customLong("plan"), help: "Show what would be done, and do nothing.")
  var plansOnly = false

  func validate() throws {
    guard !roots || !from.isEmpty else { throw ValidationError("--roots needs --from.") }
  }

  private struct Document: Encodable {
    /// What parity has mended, or could.
    let damage: Parity.Damage?
    let plan: RepairPlan
    let report: RepairReport?
    let recovery: FileRecovery?
    /// What remains wrong, or would.
    let problems: [String]
    let affected: [AffectedSnapshot]
    let sound: Bool
    let elapsed: Double
  }

  private struct AffectedSnapshot: Encodable {
    let snapshot: String
    let name: String
    let files: [FileProblem]
    let unlistedFiles: Int64

    init(_ damaged: DamagedSnapshot) {
      snapshot = damaged.snapshot.id.description
      name = damaged.snapshot.name
      files = damaged.problems
      unlistedFiles = damaged.unlistedProblems
    }
  }

  func run() async throws {
    let start = ContinuousClock.now
    let places = try source.map { try Place($0).root }
    try Place.checkNames(places)
    var options = RepairOptions(restoresRoots: roots)
    for copy in from {
      let target = try await RepositoryAddress(copy).repository()
      options.copies.append(Parity(target)?.mended ?? target)
    }
    let target = try await repository.target()
    let parity = Parity(target)
    // What is small first: without it, the repository may not open.
    var damage = try await parity?.scrub(packs: plansOnly && !quick, mending: !plansOnly)
    // A plan is for what would be left when that is mended.
    var store = try await repository.open(on: plansOnly ? parity?.mended ?? target : target)
    let progress = ProgressLine.reporter("verifying")
    let found = try await store.verify(
      VerifyOptions(quick ? .structure : .data), progress: progress)
    if let parity, let small = damage, !plansOnly, !found.isSound {
      damage = small + (try await parity.look(at: found, mending: true))
      store = try await repository.open(on: target)
    }
    let plan = try await store.planRepair(
      after: found, options, progress: ProgressLine.reporter("planning"))
    if !repository.output.json { try describe(plan, damage) }

    var report: RepairReport?
    var recovery: FileRecovery?
    var problems = plan.blobs.filter { !$0.isInCopy && !$0.isPartOfIndex }.map(\.problem)
    var affected: [DamagedSnapshot]
    if plansOnly {
      affected = try await store.damagedSnapshots(after: plan, options)
      problems += plan.hurtRoots.map {
        "in snapshot \($0.id.description.prefix(8)), "
          + "\(Formatting.count($0.lostChunks, "chunk")) cannot be read anywhere"
      }
    } else {
      do {
        report = try await store.repair(
          plan, options, progress: ProgressLine.reporter("repairing"))
        (problems, affected) = try await remains()
        if !affected.isEmpty, !places.isEmpty {
          recovery = try await repository.open().recoverFiles(
            of: affected, from: places, progress: ProgressLine.reporter("reading the source"))
          (problems, affected) = try await remains()
        }
      } catch {
        throw Failure.ifInterrupted(error, "nothing is lost by it, run it again for the rest")
      }
    }
    let isSound = problems.isEmpty && affected.isEmpty
    for problem in recovery?.problems ?? [] { printError(problem) }
    for problem in problems { printError(problem) }
    for damaged in affected { damaged.printProblems() }
    try finish(
      damage, plan, report, recovery, problems, affected, isSound: isSound,
      seconds: (ContinuousClock.now - start).seconds)
    try (isSound ? ExitStatus.done : .failed).end()
  }

  /// What is wrong now.
  private func remains() async throws -> ([String], [DamagedSnapshot]) {
    let store = try await repository.open()
    let report = try await store.verify(progress: ProgressLine.reporter("verifying"))
    let affected = try await store.damagedSnapshots(by: report)
    // Of lost chunks, the files that need them say more.
    var problems = report.problems.filter { $0.blob != nil || affected.isEmpty }.map(\.message)
    if report.unlistedProblems > 0 {
      problems.append("\(Formatting.count(report.unlistedProblems, "more problem")) not listed")
    }
    return (problems, affected)
  }

  private func describe(_ plan: RepairPlan, _ damage: Parity.Damage?) throws {
    let output = Output()
    try damage?.describe(to: output)
    if damage?.isEmpty != false, plan.isEmpty, plan.blobs.isEmpty, plan.lostChunks == 0 {
      try output.writeLine("nothing is damaged")
    }
    for blob in plan.blobs {
      try output.writeLine(
        "\(blob.name) is damaged: "
          + (blob.isInCopy
            ? "it is put back from a copy"
            : blob.isPartOfIndex ? "the index is written anew" : "no copy has it"))
    }
    for pack in plan.packs {
      let total = pack.chunks.map { "of \(Formatting.count($0, "chunk"))" } ?? "of what it held"
      try output.writeLine(
        "\(pack.blob) is \(pack.state.rawValue): \(total), "
          + "\(Formatting.count(pack.readableChunks)) can be read, and "
          + "\(Formatting.count(pack.salvagedChunks)) are written again")
    }
    if plan.chunksFromCopies > 0 {
      try output.writeLine(
        "\(Formatting.count(plan.chunksFromCopies, "chunk")) more are taken from copies")
    }
    if !plan.rootsInCopies.isEmpty {
      try output.writeLine(
        "in copies only: \(Formatting.count(plan.rootsInCopies.count, "snapshot")); "
          + (plan.restoresRoots ? "brought back" : "--roots would bring them back"))
    }
    if plan.lostChunks > 0 {
      try output.writeLine(
        "not to be read anywhere: \(Formatting.count(plan.lostChunks, "chunk")), needed by "
          + "\(Formatting.count(plan.hurtRoots.count, "snapshot"))")
    }
    try output.flush()
  }

  private func finish(
    _ damage: Parity.Damage?, _ plan: RepairPlan, _ report: RepairReport?,
    _ recovery: FileRecovery?, _ problems: [String],
    _ affected: [DamagedSnapshot], isSound: Bool, seconds: Double
  ) throws {
    let output = Output()
    if repository.output.json {
      try output.write(
        json: Document(
          damage: damage, plan: plan, report: report, recovery: recovery, problems: problems,
          affected: affected.map { AffectedSnapshot($0) }, sound: isSound, elapsed: seconds))
    } else {
      if let report, !plan.isEmpty {
        try output.writeLine(
          "saved \(Formatting.count(report.savedChunks, "chunk")), "
            + "\(Formatting.bytes(report.savedBytes)); "
            + "no longer used: "
            + "\(Formatting.count(report.condemnedPacks.count, "damaged pack")), "
            + "\(Formatting.count(report.droppedPacks.count, "missing pack"))")
      }
      if let recovery {
        try output.writeLine(
          "stored \(Formatting.count(recovery.chunks, "chunk")), "
            + "\(Formatting.bytes(recovery.bytes)), again from the source")
      }
      try output.writeLine(
        isSound
          ? "nothing is lost"
          : "\(plansOnly ? "would remain" : "remains") hurt: "
            + Formatting.count(affected.count, "snapshot"))
    }
    try output.flush()
  }
}

extension RepairPlan.Blob {
  fileprivate var isPartOfIndex: Bool { name.description.hasPrefix("index/") }
}

extension DamagedSnapshot {
  /// Names the files on standard error.
  func printProblems() {
    let id = snapshot.id.description.prefix(8)
    for problem in problems {
      printError("in snapshot \(id), \(problem.path): \(problem.message)")
    }
    if unlistedProblems > 0 {
      printError("in snapshot \(id), \(Formatting.count(unlistedProblems, "more file")) not listed")
    }
  }
}
