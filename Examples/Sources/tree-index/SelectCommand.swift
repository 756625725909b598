import ArgumentParser
import CairnTree
import CommandSupport

struct SelectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "select",
    abstract: "Print the line of a rank.")

  @OptionGroup var index: IndexOptions

  @Argument(help: ArgumentHelp("The rank, from 0.", valueName: "n"))
  var rank: Int

  func run() throws {
    let lines = try index.read()
    guard let entry = try lines.entry(at: rank) else {
      printError("there is no line of rank \(rank); the index has \(try lines.count)")
      return try ExitStatus.incomplete.end()
    }
    let output = LineOutput(isJSON: index.json)
    try output.write(entry, rank: rank)
    try output.flush()
  }
}
