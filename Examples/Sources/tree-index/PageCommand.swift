import ArgumentParser
import CairnTree
import CommandSupport

struct PageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "page",
    abstract: "Print the lines of some ranks, one after the other.",
    discussion: """
      If there are fewer lines, those that are there are printed; if there is none at FROM, the exit \
      status is 1.
      """)

  @OptionGroup var index: IndexOptions

  @Argument(help: "The rank of the first line, from 0.")
  var from: Int

  @Argument(help: "The number of lines.")
  var count: Int

  @Flag(help: "Put the weight and a tab in front of each line.")
  var weighted = false

  func validate() throws {
    guard from >= 0, count >= 0 else {
      throw ValidationError("FROM and COUNT are numbers from 0 on.")
    }
  }

  func run() throws {
    let lines = try index.read()
    guard from < (try lines.count) || count == 0 else {
      printError("there is no line of rank \(from); the index has \(try lines.count)")
      return try ExitStatus.incomplete.end()
    }
    let output = LineOutput(isJSON: index.json, isWeighted: weighted)
    let (end, isTooFar) = from.addingReportingOverflow(count)
    var rank = from
    for entry in lines.sequence(ranks: from..<(isTooFar ? .max : end)) {
      try output.write(try entry.get(), rank: rank)
      rank += 1
    }
    try output.flush()
  }
}
