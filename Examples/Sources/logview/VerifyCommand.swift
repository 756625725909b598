import ArgumentParser
import CairnLog
import CommandSupport

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read all of a log, and compare its index with it.",
    discussion: "What is wrong is put out, a line each.")

  @OptionGroup var log: LogArgument

  func run() throws {
    let report = try log.open().verify()
    let output = Output()
    for problem in report.problems { try output.writeLine(problem) }
    if report.isSound {
      try output.writeLine("\(Formatting.count(report.entries)) entries are sound")
    }
    try output.flush()
    guard report.isSound else { throw Failure("the log is damaged") }
  }
}
