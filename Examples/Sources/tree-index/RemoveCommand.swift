import ArgumentParser
import CairnTree
import CommandSupport
import FoundationSupport

struct RemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Remove lines.",
    discussion: """
      Lines that are not there are named, and the exit status is 1; the others are removed.
      """)

  @OptionGroup var index: IndexOptions

  @Argument(help: "The lines.")
  var key: [ArgumentBytes]

  private struct Report: Encodable {
    let removed: Int
    let missing: Int
  }

  func run() throws {
    // Opening it for writing would create it.
    _ = try index.read()
    let missing = try index.change { lines in
      try key.filter { try !$0.asKey { try lines.remove($0) } }
    }
    for key in missing { printError("there is no line \(key.text)") }
    let output = Output()
    let removed = key.count - missing.count
    if index.json {
      try output.write(json: Report(removed: removed, missing: missing.count))
    } else {
      try output.writeLine("\(Formatting.count(removed, "line")) removed")
    }
    try output.flush()
    try (missing.isEmpty ? ExitStatus.done : .incomplete).end()
  }
}
