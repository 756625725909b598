import ArgumentParser
import Cairn
import CommandSupport

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check that the repository is sound.",
    discussion: """
      By default: that everything that a snapshot needs is there, and that the lists of files are \
      sound. With --data, every stored byte is read and checked, with --sample that of some packs. If \
      something is wrong it is named, with the files that it affects, and the exit status is 2.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Flag(help: "Read and check every stored byte.")
  var data = false

  @Option(
    help: ArgumentHelp(
      "Read and check this share of the packs, chosen at random.", valueName: "percent"))
  var sample: Double?

  func validate() throws {
    guard !data || sample == nil else {
      throw ValidationError("--data checks everything; leave out --sample.")
    }
    guard sample.map({ $0 > 0 && $0 <= 100 }) ?? true else {
      throw ValidationError("--sample takes a number from 0 to 100.")
    }
  }

  private struct Document: Encodable {
    let sound: Bool
    let report: VerifyReport
    let affected: [Affected]
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
    let store = try await repository.open()
    let depth: VerifyOptions.Depth =
      data ? .data : sample.map { .sample(percent: $0) } ?? .structure
    let report = try await store.verify(
      VerifyOptions(depth), progress: ProgressLine.reporter("verifying"))
    for problem in report.problems {
      let ids = problem.roots.map { String($0.prefix(8)) }.joined(separator: ", ")
      printError(problem.message + (ids.isEmpty ? "" : " (found through snapshot \(ids))"))
    }
    if report.unlistedProblems > 0 {
      printError("\(Formatting.count(report.unlistedProblems, "more problem")) not listed")
    }
    let affected = try await store.damagedSnapshots(by: report)
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
    try print(report, affected, seconds: (ContinuousClock.now - start).seconds)
    try (report.isSound ? ExitStatus.done : .failed).end()
  }

  private func print(
    _ report: VerifyReport, _ affected: [DamagedSnapshot], seconds: Double
  ) throws {
    let output = Output()
    if repository.output.json {
      try output.write(
        json: Document(
          sound: report.isSound, report: report,
          affected: affected.map {
            Document.Affected(
              snapshot: $0.snapshot.id.description, name: $0.snapshot.name, files: $0.problems,
              unlistedFiles: $0.unlistedProblems)
          }, elapsed: seconds))
    } else {
      try output.writeLine(
        "\(Formatting.count(report.roots, "snapshot")), \(Formatting.count(report.chunks, "chunk")), "
          + "\(Formatting.count(report.packs, "pack")), "
          + "\(Formatting.count(report.checkedPacks)) of them read, "
          + "\(Formatting.bytes(report.readBytes)), in \(Formatting.duration(seconds))")
      try output.writeLine(
        report.isSound
          ? "no problem was found"
          : "\(Formatting.count(Int64(report.problems.count) + report.unlistedProblems, "problem"))"
      )
    }
    try output.flush()
  }
}
