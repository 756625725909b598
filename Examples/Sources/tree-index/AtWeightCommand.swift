import ArgumentParser
import CairnTree
import CommandSupport

struct AtWeightCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "at-weight",
    abstract: "Print the line at a weight.",
    discussion: """
      That is the first line whose weight, added to the weights of all lines before it, is more than \
      W. If all weights together are not, the exit status is 1.
      """)

  @OptionGroup var index: IndexOptions

  @Argument(help: ArgumentHelp("The weight, from 0.", valueName: "w"))
  var weight: UInt64

  func run() throws {
    let lines = try index.read()
    guard let rank = try lines.rank(atWeight: weight), let entry = try lines.entry(at: rank) else {
      printError("there is no line at weight \(weight); the sum is \(try lines.totalWeight)")
      return try ExitStatus.incomplete.end()
    }
    let output = LineOutput(isJSON: index.json)
    try output.write(entry, rank: rank)
    try output.flush()
  }
}
