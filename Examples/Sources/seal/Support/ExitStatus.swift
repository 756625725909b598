import ArgumentParser
import CairnCore
import CairnCrypto
import CommandSupport
import SystemPackage

enum ExitStatus {
  /// The status for what a command threw, after one line on standard error.
  static func reporting(_ error: any Error) -> Int32 {
    if let error = error as? CryptoError {
      // As in `seal decrypt … | head`: there is nobody to tell, and nothing was wrong.
      if error.code == .io, (error.cause as? IOError)?.errno == .brokenPipe { return 1 }
      printMessage("seal: \(kind(of: error))\(error)")
      return 1
    }
    if error is Failure || error is Errno {
      printMessage("seal: \(error)")
      return 1
    }
    let message = SealCommand.fullMessage(for: error)
    guard SealCommand.exitCode(for: error) == .success else {
      printMessage(message)
      return 1
    }
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

/// Writes a line on standard error.
func printMessage(_ message: String) {
  ProgressLine.clear()
  // There is nobody to tell if this fails.
  _ = try? FileDescriptor.standardError.writeAll("\(message)\n".utf8)
}
