import ArgumentParser
import CairnLog
import CommandSupport
import FoundationSupport

struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Tell how large a log is.",
    discussion: """
      With --json, the document has these keys: entries; roots, the number of entries without \
      parent; openEntries, of those that are open; worstSeverity; and the numbers of bytes entryBytes, \
      indexBytes.
      """)

  @OptionGroup var log: LogArgument
  @Flag(help: "Put out one JSON document.")
  var json = false

  func run() throws {
    let statistics = try log.open().statistics()
    let output = Output()
    if json {
      try output.write(json: statistics)
    } else {
      try output.writeLine(Formatting.count(statistics.entries, "entry"))
      try output.writeLine("without parent: \(Formatting.count(statistics.roots))")
      try output.writeLine("open: \(Formatting.count(statistics.openEntries))")
      try output.writeLine("worst severity: \(statistics.worstSeverity)")
      try output.writeLine("entries: \(Formatting.bytes(statistics.entryBytes))")
      try output.writeLine("index: \(Formatting.bytes(statistics.indexBytes))")
    }
    try output.flush()
  }
}
