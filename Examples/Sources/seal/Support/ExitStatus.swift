import ArgumentParser
import CairnCore
import CairnCrypto
import CommandSupport
import SystemPackage

enum ExitStatus {
  /// The status for what a command threw, after one line on standard error.
  static func reporting(_ error: any Error) -> Int32 {
    switch error {
    case let error as CryptoError:
      // As in `seal decrypt … | head`: there is nobody to tell, and nothing was wrong.
      if error.code == .io, (error.cause as? IOError)?.errno == .brokenPipe { return 1 }
      printFailure("\(kind(of: error))\(error)")
      return 1
    case is Failure, is Errno:
      printFailure("\(error)")
      return 1
    case _ where SealCommand.exitCode(for: error) != .success:
      let message = SealCommand.message(for: error)
      let parts = message.split(whereSeparator: \.isNewline)
        .map { $0.drop(while: \.isWhitespace) }
      printFailure("\(parts.joined(separator: " ")); see seal --help")
      return 1
    default: break
    }
    let message = SealCommand.fullMessage(for: error)
    _ = try? FileDescriptor.standardOutput.writeAll((message + "\n").utf8)
    return 0
  }

  /// What scripts look for in front of the sentence.
  private static func kind(of error: CryptoError) -> String {
    switch error.code {
    case .header: "header: "
    case .headerMAC: "header MAC: "
    case .noIdentityMatched: "no identity matched: "
    case .payload, .truncated: "payload\(error.segment.map { " (segment \($0))" } ?? ""): "
    case .armor: "armor: "
    default: ""
    }
  }
}

/// Writes the one line that says why the command failed.
private func printFailure(_ message: String) {
  printMessage("seal: \(Formatting.oneLine(message))")
}

/// Writes a line that says what the person may not have meant, though the command goes on.
func printWarning(_ message: String) {
  printMessage("seal: warning: \(Formatting.oneLine(message))")
}

/// Writes a message on standard error.
func printMessage(_ message: String) {
  ProgressLine.clear()
  // There is nobody to tell if this fails.
  _ = try? FileDescriptor.standardError.writeAll("\(message)\n".utf8)
}
