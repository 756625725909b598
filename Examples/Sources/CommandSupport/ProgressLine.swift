package import CairnCore
import Synchronization
import SystemPackage

/// A line on the terminal that says how far a command has come; nothing where standard error is no
/// terminal.
package struct ProgressLine: ProgressReporter {
  private let verb: String
  private let start = ContinuousClock.now

  /// Whether the line stands on the terminal now; messages clear it first.
  private static let isShown = Mutex(false)
  /// The unit of what is only a stream.
  private static let bytes = "bytes"
  private static let erase = "\r\u{1B}[K"

  /// A reporter for an operation.
  package static func reporter(_ verb: String) -> any ProgressReporter {
    FileDescriptor.standardError.isTerminal ? ProgressLine(verb: verb) : NoProgress()
  }

  package func report(_ progress: Progress) {
    let seconds = (ContinuousClock.now - start).seconds
    var parts = [count(progress)]
    if progress.unit != Self.bytes { parts.append(Formatting.bytes(max(0, progress.bytes))) }
    // The first moments say nothing about the rest.
    if seconds > 1 {
      parts.append("\(Formatting.bytes(Int64(Double(max(0, progress.bytes)) / seconds)))/s")
      if let share = share(progress), share > 0.01, share < 1 {
        parts.append("about \(Formatting.duration(seconds / share - seconds)) left")
      }
    }
    let text = "\(verb): " + parts.joined(separator: ", ")
    Self.isShown.withLock { isShown in
      isShown = true
      Self.write(Self.erase + text.prefix(terminalWidth() - 1))
    }
  }

  /// How much is done, and of how much if that is known.
  private func count(_ progress: Progress) -> String {
    let isBytes = progress.unit == Self.bytes
    let text = { (number: Int64) in
      isBytes ? Formatting.bytes(max(0, number)) : Formatting.count(number)
    }
    var words = [text(progress.completed)]
    if let total = progress.total, total > progress.completed { words += ["of", text(total)] }
    return (isBytes ? words : words + [progress.unit]).joined(separator: " ")
  }

  private func share(_ progress: Progress) -> Double? {
    if let total = progress.total, total > 0 {
      return Double(progress.completed) / Double(total)
    }
    if let expectedBytes = progress.expectedBytes, expectedBytes > 0 {
      return Double(progress.bytes) / Double(expectedBytes)
    }
    return nil
  }

  /// Takes the line away, before something else is written.
  package static func clear() {
    isShown.withLock { isShown in
      if isShown { write(erase) }
      isShown = false
    }
  }

  private static func write(_ text: String) {
    // There is nobody to tell if this fails.
    _ = try? FileDescriptor.standardError.writeAll(text.utf8)
  }
}

extension Duration {
  package var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
