import ArgumentParser
import CairnCore
import CairnTree
import CommandSupport
import SystemPackage

/// What a process ends with, as `tree-index --help` states it.
enum ExitStatus: Int32 {
  case done = 0
  /// Done, but for lines that are named on standard error.
  case incomplete = 1
  /// Refused, failed, or damage was found.
  case failed = 2

  /// Ends the command with this status.
  func end() throws {
    if self != .done { throw ExitCode(rawValue) }
  }

  /// The status for what a command threw, after the message on standard error.
  static func reporting(_ error: any Error) -> Int32 {
    switch error {
    case let code as ExitCode: return code.rawValue
    case is Output.ReaderGone: return done.rawValue
    case is Failure, is TreeError, is IOError, is Errno:
      printError("\(error)")
      return failed.rawValue
    default: break
    }
    let message = TreeIndexCommand.fullMessage(for: error)
    guard TreeIndexCommand.exitCode(for: error) == .success else {
      writeError(message)
      return failed.rawValue
    }
    // Help and version, which are asked for.
    let output = Output()
    do {
      try output.write(message + "\n")
      try output.flush()
    } catch {
      return reporting(error)
    }
    return done.rawValue
  }
}

/// Writes a message for the person, apart from what the command puts out.
func printError(_ message: String) {
  writeError("tree-index: \(Formatting.oneLine(message))")
}

private func writeError(_ message: String) {
  ProgressLine.clear()
  // There is nobody to tell if this fails.
  _ = try? FileDescriptor.standardError.writeAll("\(message)\n".utf8)
}
