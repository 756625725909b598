import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct CopyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "copy",
    abstract: "Copy snapshots to another repository.",
    discussion: """
      The other repository is opened by --to-identity and --to-passphrase-file, or else by what opens the \
      first; a writer's key is enough for it. Snapshots that were copied before, in either direction, \
      are left out. Backups, prune and copies the other way may go on meanwhile; if it is interrupted, \
      do it again.

      Between repositories that were made for it, by init --like, only what is missing is read. \
      Otherwise each snapshot is read whole, but for what it has in common with an earlier one of its \
      name that was copied.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Argument(help: ArgumentHelp("The other repository, a directory.", valueName: "to"))
  var otherPlace: ArgumentBytes

  @Argument(help: "Names, first digits of ids, or \"latest\".")
  var snapshots: [String] = []

  @Flag(help: "Copy every snapshot.")
  var all = false

  @Option(
    help: ArgumentHelp("An age identity file that opens the other repository.", valueName: "file"))
  var toIdentity: ArgumentBytes?

  @Option(
    help: ArgumentHelp(
      "A file whose first line is the passphrase of the other repository.", valueName: "file"))
  var toPassphraseFile: ArgumentBytes?

  @Flag(help: "Show what would be copied, and copy nothing.")
  var dryRun = false

  func validate() throws {
    guard snapshots.isEmpty == all else {
      throw ValidationError("Name the snapshots to copy, or all of them by --all.")
    }
  }

  private struct Document: Encodable {
    let dryRun: Bool
    let plan: CopyPlan?
    let report: CopyReport?
    let elapsed: Double
  }

  func run() async throws {
    let start = ContinuousClock.now
    let source = try await repository.open()
    let destination = try await openOther()
    var isDamaged = false
    var roots: [Root] = []
    if all {
      roots = try await source.roots {
        printError($0.description)
        isDamaged = true
      }.filter(\.isSnapshot)
    }
    for reference in snapshots {
      roots.append(try await source.root(reference, where: \.isSnapshot))
    }
    let output = Output()
    if dryRun {
      let plan = try await source.planCopy(of: roots, to: destination)
      if repository.output.json {
        try output.write(
          json: Document(dryRun: true, plan: plan, report: nil, elapsed: seconds(since: start)))
      } else {
        try output.writeLine(
          "would copy \(Formatting.count(plan.roots.count, "snapshot")) with "
            + "\(Formatting.count(plan.chunks, "chunk")) of \(Formatting.bytes(plan.bytes)), about "
            + "\(Formatting.bytes(plan.storedBytes)) stored; "
            + "\(Formatting.count(plan.presentRoots.count)) there already")
      }
    } else {
      let report = try await copy(roots, from: source, to: destination)
      isDamaged = isDamaged || !report.problems.isEmpty
      if repository.output.json {
        try output.write(
          json: Document(dryRun: false, plan: nil, report: report, elapsed: seconds(since: start)))
      } else {
        try output.writeLine(
          "copied \(Formatting.count(report.copied.count, "snapshot")) in "
            + "\(Formatting.duration(seconds(since: start))); "
            + "\(Formatting.count(report.presentRoots.count)) there already")
        try output.writeLine(
          "read \(Formatting.bytes(report.readBytes)), stored "
            + "\(Formatting.bytes(report.store.storedBytes))")
      }
    }
    try output.flush()
    try (isDamaged ? ExitStatus.failed : .done).end()
  }

  private func seconds(since start: ContinuousClock.Instant) -> Double {
    (ContinuousClock.now - start).seconds
  }

  private func copy(
    _ roots: [Root], from source: Repository, to destination: RepositoryWriter
  ) async throws -> CopyReport {
    let report: CopyReport
    do {
      report = try await source.copy(
        roots, to: destination, progress: ProgressLine.reporter("copying"))
    } catch {
      throw Failure.ifInterrupted(
        error, "what was stored is kept, and the next copy uses it")
    }
    for root in report.forgottenRoots {
      printError("the snapshot \(root) was forgotten meanwhile, and left out")
    }
    for problem in report.problems {
      printError("the snapshot \(problem.root) cannot be copied: \(problem.message)")
    }
    return report
  }

  private func openOther() async throws -> RepositoryWriter {
    let credentials: Credentials
    do {
      credentials =
        toIdentity != nil || toPassphraseFile != nil
        ? try Credentials(identity: toIdentity, passphraseFile: toPassphraseFile)
        : try repository.access.credentials()
    } catch is NoCredentials {
      throw Failure(
        "nothing was given that opens the other repository; use --to-identity or "
          + "--to-passphrase-file")
    }
    return try await RepositoryWriter.open(
      on: RepositoryAddress(otherPlace).repository(), with: credentials.identities)
  }
}
