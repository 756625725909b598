import ArgumentParser
import Cairn
import CommandSupport
import SystemPackage

extension Failure {
  /// What to throw for `error`: if the person interrupted the command, what that means.
  static func ifInterrupted(_ error: any Error, _ consequence: String) -> any Error {
    ExitStatus.isCancellation(error) ? Failure("interrupted; \(consequence)") : error
  }
}

/// No identity and no passphrase was given, neither as an option nor in the environment.
struct NoCredentials: Error {}

/// What a process ends with, as `backup --help` states it.
enum ExitStatus: Int32 {
  case done = 0
  /// Done, but for files that are named on standard error.
  case incomplete = 1
  /// Refused, failed, or damage was found.
  case failed = 2

  /// Ends the command with this status.
  func end() throws {
    if self != .done { throw ExitCode(rawValue) }
  }

  /// The status for what a command threw, after the message on standard error.
  static func reporting(_ error: any Error) -> Int32 {
    if let code = error as? ExitCode { return code.rawValue }
    if isReaderGone(error) { return done.rawValue }
    if isCancellation(error) {
      printError("interrupted")
    } else if isOurs(error) {
      printError("\(error)")
    } else {
      return reportingUsage(error)
    }
    return failed.rawValue
  }

  /// Help and version are wanted; everything else that the parser throws is a usage error, which
  /// has the status 64 by the parser's own convention.
  private static func reportingUsage(_ error: any Error) -> Int32 {
    let message = BackupCommand.fullMessage(for: error)
    guard BackupCommand.exitCode(for: error) == .success else {
      printError(message, isOurs: false)
      return failed.rawValue
    }
    let output = Output()
    do {
      try output.write(message + "\n")
      try output.flush()
    } catch {
      return reporting(error)
    }
    return done.rawValue
  }

  private static func isOurs(_ error: any Error) -> Bool {
    error is Failure || error is ChunkStoreError || error is IOError || error is CryptoError
      || error is LogError
  }

  static func isCancellation(_ error: any Error) -> Bool {
    error is CancellationError || (error as? ChunkStoreError)?.code == .cancelled
  }

  /// Whether who reads our output has seen enough, as in `backup cat … | head`.
  private static func isReaderGone(_ error: any Error) -> Bool {
    if error is Output.ReaderGone { return true }
    guard let error = error as? ChunkStoreError, error.code == .host else { return false }
    return error.cause?.errno == .brokenPipe
  }
}

/// Writes a message for the person, apart from what the command puts out.
func printError(_ message: String, isOurs: Bool = true) {
  ProgressLine.clear()
  let text = isOurs ? "backup: \(message)\n" : "\(message)\n"
  // There is nobody to tell if this fails.
  _ = try? FileDescriptor.standardError.writeAll(text.utf8)
}

/// Names a file and what is to be said about it.
func printError(_ problem: FileProblem) { printError(problem.sentence) }

extension FileProblem {
  /// The file, and what is to be said about it. The library's messages mostly name the file.
  var sentence: String { message.contains(path) ? message : "\(path): \(message)" }
}
