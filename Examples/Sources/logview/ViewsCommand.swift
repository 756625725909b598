import ArgumentParser
import CairnLog
import CommandSupport
import FoundationSupport

struct ViewsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "views", abstract: "List the views that are kept with a log, or remove one.",
    discussion: "With --json, the document is a list of names.")

  @OptionGroup var log: LogArgument
  @Option(help: ArgumentHelp("Remove the view of that name.", valueName: "name"))
  var remove: String?
  @Flag(help: "Put out one JSON document.")
  var json = false

  func run() throws {
    // Makes sure that there is a log.
    _ = try log.open()
    let views = SavedViews(of: log.log.path)
    if let remove {
      guard try views.names().contains(remove) else {
        throw Failure("the log has no view \(remove)")
      }
      try views.remove(remove)
    }
    let output = Output()
    if json {
      try output.write(json: views.names())
    } else if remove == nil {
      for name in try views.names() { try output.writeLine(Formatting.oneLine(name)) }
    }
    try output.flush()
  }
}
