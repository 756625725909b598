import ArgumentParser
import CairnTree
import CommandSupport
import FoundationSupport

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Read every page of an index, and add up what it holds.",
    discussion: """
      What is wrong is named, and the exit status is 2.
      """)

  @OptionGroup var index: IndexOptions

  private struct Document: Encodable {
    let sound: Bool
    let report: TreeReport
  }

  func run() throws {
    let store = try index.openStore(writing: false)
    let report = try store.verify(progress: ProgressLine.reporter("verifying"))
    for problem in report.problems { printError("\(problem)") }
    let output = Output()
    if index.json {
      try output.write(json: Document(sound: report.isSound, report: report))
    } else {
      try output.writeLine(
        "\(Formatting.count(report.entries, "line")), \(Formatting.count(report.pages, "page"))")
      try output.writeLine(
        report.isSound
          ? "no problem was found" : Formatting.count(report.problems.count, "problem"))
    }
    try output.flush()
    try (report.isSound ? ExitStatus.done : .failed).end()
  }
}
