import ArgumentParser
import CairnLog
import CommandSupport
import LogViewKit

struct ViewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view", abstract: "Look at a log on the terminal, and follow it while it grows.",
    discussion: """
      Arrows, page up and down, home and end move; right and left, or enter, unfold and fold. The key \
      "?" lists all keys, and "q" quits. Rows are counted from 1 here.

      Control characters in a log are spelled out, as \\x1b; where the environment (LC_ALL, LC_CTYPE, \
      LANG) does not say UTF-8, so is everything else than ASCII.

      With --view, what is unfolded and shown, and the selected entry, are kept beside the log under \
      that name when you quit, and are there again the next time; then --expand, --collapse and \
      --severity count only the first time.
      """)

  @OptionGroup var log: LogArgument
  @OptionGroup var options: ViewOptions
  @Option(help: ArgumentHelp("The name of a view that is kept.", valueName: "name"))
  var view: String?

  func run() throws {
    let log = try log.open()
    let views = SavedViews(of: self.log.log.path)
    var viewer = try viewer(of: log, views)
    try Terminal.takeOver { terminal in
      let loop = ViewLoop(terminal) { () throws(LogError) in try log.snapshot() }
      try loop.run(&viewer)
    }
    if let view {
      let browser = viewer.browser
      try views.save(browser.view, position: browser.selectedEntry, as: view)
    }
  }

  private func viewer(of log: Log, _ views: SavedViews) throws -> Viewer {
    var problem: String?
    if let view {
      do throws(LogError) {
        let snapshot = try log.snapshot()
        let saved = try views.view(named: view, of: snapshot)
        return Viewer(
          try Browser(LogView(snapshot, saved), position: saved.position))
      } catch {
        switch error.code {
        case .notFound: break
        case .damaged: problem = "\(error)"
        default: throw error
        }
      }
    }
    return Viewer(try Browser(options.view(of: log)), message: problem)
  }
}
