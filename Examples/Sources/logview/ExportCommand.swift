import ArgumentParser
import CairnLog
import CommandSupport
import FoundationSupport

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Put out all entries, each before those under it.")

  @OptionGroup var log: LogArgument
  @Flag(help: "Put out one JSON document per entry.")
  var json = false

  func run() throws {
    let view = LogView(try log.open().snapshot())
    view.expandAll()
    let output = Output()
    try output.write(0..<(try view.rowCount), of: view, json: json)
    try output.flush()
  }
}
