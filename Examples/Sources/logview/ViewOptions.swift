public import ArgumentParser
public import CairnLog
import CommandSupport

/// What is expanded, and what is shown.
struct ViewOptions: ParsableArguments {
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "What to expand: all, or depth and a number N for all entries of a depth below N, or ids. "
        + "By default nothing.", valueName: "all | depth N | id"))
  var expand: [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Entries to collapse after that.", valueName: "id"))
  var collapse: [EntryID] = []
  @Option(
    help: ArgumentHelp(
      "Show only entries that are as severe as that, or have such entries under them: "
        + Severity.allCases.map(\.description).joined(separator: ", ") + ".",
      valueName: "severity"))
  var severity: Severity?

  func view(of log: Log) throws -> LogView {
    let view = LogView(try log.snapshot())
    if let severity { try view.filter(severity) }
    switch expand.first {
    case "all" where expand.count == 1: view.expandAll()
    case "depth":
      guard expand.count == 2, let depth = Int(expand[1]), depth >= 0 else {
        throw Failure("--expand depth takes one number: entries of a depth below it are expanded")
      }
      try view.expandAll(toDepth: depth)
    default:
      for word in expand {
        guard let id = EntryID(word) else {
          throw Failure("--expand takes all, depth N, or ids of entries, and \(word) is neither")
        }
        try view.expand(id)
      }
    }
    for id in collapse { try view.collapse(id) }
    return view
  }
}

extension EntryID: @retroactive ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

extension Severity: @retroactive ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
