import ArgumentParser
import CairnTree
import CommandSupport
import FoundationSupport

struct RankCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rank",
    abstract: "Print how many lines come before a line.",
    discussion: """
      If the line is not there, the rank is the one that it would have, and the exit status is 1.
      """)

  @OptionGroup var index: IndexOptions

  @Argument(help: "The line.")
  var key: ArgumentBytes

  func run() throws {
    let lines = try index.read()
    let (rank, isThere) = try key.asKey { (try lines.rank(of: $0), try lines.contains($0)) }
    try index.answer("rank", rank)
    guard !isThere else { return }
    printError("there is no line \(key.text)")
    try ExitStatus.incomplete.end()
  }
}
