import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct PruneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Delete what no snapshot needs.",
    discussion: """
      Backups may go on meanwhile: what they may need is left for the next time. Nothing that a \
      snapshot needs is lost, wherever this is interrupted.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Option(
    help: ArgumentHelp(
      "How much of what stays may be garbage; beyond it, packs are written anew without theirs.",
      valueName: "percent"))
  var maxUnused = 10.0

  @Option(
    help: ArgumentHelp("How long to wait for backups that are under way.", valueName: "seconds"))
  var wait = 60

  @Flag(help: "Show what would be deleted, and delete nothing.")
  var dryRun = false

  func validate() throws {
    guard (0...100).contains(maxUnused) else {
      throw ValidationError("--max-unused takes a number from 0 to 100, not \(maxUnused).")
    }
    guard wait >= 0 else { throw ValidationError("--wait takes a number of seconds from 0 on.") }
  }

  private struct Document: Encodable {
    let dryRun: Bool
    let plan: CollectionPlan
    let report: CollectionReport?
    let elapsed: Double
  }

  func run() async throws {
    let start = ContinuousClock.now
    let store = try await repository.open()
    let options = CollectionOptions(
      maximumUnused: maxUnused / 100, patience: .seconds(wait))
    let plan = try await store.planCollection(options)
    var report: CollectionReport?
    if !dryRun {
      do {
        report = try await store.collectGarbage(
          plan, options: options, progress: ProgressLine.reporter("pruning"))
      } catch {
        throw Failure.ifInterrupted(error, "nothing is lost, run it again for the rest")
      }
    }
    try print(plan, report, seconds: (ContinuousClock.now - start).seconds)
  }

  private func print(
    _ plan: CollectionPlan, _ report: CollectionReport?, seconds: Double
  ) throws {
    let output = Output()
    if repository.output.json {
      try output.write(
        json: Document(dryRun: dryRun, plan: plan, report: report, elapsed: seconds))
    } else {
      try describe(plan, to: output)
      if let report { try describe(report, seconds, to: output) }
    }
    try output.flush()
  }

  private func describe(_ plan: CollectionPlan, to output: Output) throws {
    try output.writeLine(
      "of \(Formatting.count(plan.packs, "pack")) with \(Formatting.bytes(plan.bytes)), nothing is "
        + "needed of \(Formatting.count(plan.deadPacks.count)) with "
        + "\(Formatting.bytes(plan.deadBytes)), and little of "
        + "\(Formatting.count(plan.compactedPacks.count)) with "
        + "\(Formatting.bytes(plan.compactedBytes))")
    if plan.keptUnusedBytes > 0 {
      try output.writeLine(
        "about \(Formatting.bytes(plan.keptUnusedBytes)) of garbage stay, in packs that hold more "
          + "than that")
    }
    if plan.unreadablePacks > 0 {
      try output.writeLine(
        "\(Formatting.count(plan.unreadablePacks, "pack")) cannot be read and are left alone; "
          + "see backup verify")
    }
  }

  private func describe(
    _ report: CollectionReport, _ seconds: Double, to output: Output
  ) throws {
    try output.writeLine(
      "deleted \(Formatting.count(report.deletedPacks, "pack")) with "
        + "\(Formatting.bytes(report.deletedBytes)) in \(Formatting.duration(seconds))")
    if report.postponedPacks > 0 {
      try output.writeLine(
        "\(Formatting.count(report.postponedPacks, "pack")) are left for the next time, since "
          + "\(Formatting.count(report.blockingSessions.count, "backup")) that may need them did not "
          + "end")
    }
    if !report.closedSessions.isEmpty {
      try output.writeLine(
        "\(Formatting.count(report.closedSessions.count, "backup")) that began a day ago or more "
          + "can no longer be finished")
    }
  }
}
