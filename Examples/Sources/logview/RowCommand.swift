import ArgumentParser
import CairnLog
import CommandSupport

struct RowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "row", abstract: "Put out the number of an entry's row.",
    discussion: "An entry that has none, since an ancestor is collapsed, is a failure.")

  @OptionGroup var log: LogArgument
  @Argument(help: ArgumentHelp("The entry.", valueName: "id"))
  var id: EntryID
  @OptionGroup var options: ViewOptions

  func run() throws {
    let view = try options.view(of: log.open())
    guard let row = try view.row(of: id) else {
      throw Failure(
        "entry \(id) has no row: an ancestor is collapsed, or it is less severe than asked for")
    }
    let output = Output()
    try output.writeLine("\(row)")
    try output.flush()
  }
}
