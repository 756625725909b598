import ArgumentParser
import Cairn
import CommandSupport

/// Whether a run is logged.
struct LoggingOptions: ParsableArguments {
  @Flag(help: "Do not add this run to what \"backup log\" shows.")
  var noLog = false

  /// Begins the log of a run; where that fails, says so and goes on without.
  func begin(_ title: String, on repository: Repository) -> RunLog? {
    begin(title, on: repository.writer)
  }

  func begin(_ title: String, on repository: RepositoryWriter) -> RunLog? {
    guard !noLog else { return nil }
    do {
      return try RunLog(title, in: LocalState(of: repository))
    } catch {
      printError("this run is not logged: \(error)")
      return nil
    }
  }
}
