import ArgumentParser
import CairnLog
import CommandSupport
import FoundationSupport

struct RowsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rows", abstract: "Put out a range of rows.")

  @OptionGroup var log: LogArgument
  @Argument(help: ArgumentHelp("The first row.", valueName: "from"))
  var from: Int
  @Argument(help: ArgumentHelp("How many rows.", valueName: "count"))
  var count: Int
  @OptionGroup var options: ViewOptions
  @Flag(help: "Put out one JSON document per row.")
  var json = false

  func validate() throws {
    guard from >= 0, count >= 0 else {
      throw ValidationError("rows are counted from 0, and there cannot be fewer than none")
    }
  }

  func run() throws {
    let view = try options.view(of: log.open())
    let output = Output()
    let (end, overflows) = from.addingReportingOverflow(count)
    try output.write(from..<(overflows ? Int.max : end), of: view, json: json)
    try output.flush()
  }
}
