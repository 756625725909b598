#if SwiftLog
  import CairnLog
  import Synchronization

  /// An entry that is open while something runs, and what is around it.
  final class LogScope: Sendable {
    @TaskLocal static var current: LogScope?

    let log: Log
    let id: EntryID
    let outer: LogScope?
    /// The scope of the same log whose entry this one's is under.
    private let parent: LogScope?

    private struct State {
      /// Scopes whose entries are under this one's, and open.
      var openScopes = 0
      /// How it ended, if it has.
      var end: (severity: Severity, result: String?)?
    }
    private let state = Mutex(State())

    /// - Returns: `nil` if the entry cannot be opened.
    init?(_ text: String, _ severity: Severity, _ fields: [LogField], in log: Log) {
      self.log = log
      outer = Self.current
      var scope = outer
      while true {
        while let inner = scope, inner.log !== log { scope = inner.outer }
        // Counted first, so that it is not closed meanwhile.
        scope?.state.withLock { $0.openScopes += 1 }
        do throws(LogError) {
          id = try log.open(text, severity, under: scope?.id, fields: fields)
          parent = scope
          return
        } catch {
          guard let closed = scope else { return nil }
          closed.release()
          guard error.code == .notOpen else { return nil }
          scope = closed.outer
        }
      }
    }

    func end<Result, Failure: Error>(_ outcome: Swift.Result<Result, Failure>) {
      let end: (severity: Severity, result: String?) =
        switch outcome {
        case .success: (.trace, nil)
        case .failure(let error): (.error, "\(error)")
        }
      let isLast = state.withLock { state in
        state.end = end
        return state.openScopes == 0
      }
      if isLast { close(end) }
    }

    /// A scope under this one has been closed.
    private func release() {
      let end = state.withLock { state in
        state.openScopes -= 1
        return state.openScopes == 0 ? state.end : nil
      }
      if let end { close(end) }
    }

    private func close(_ end: (severity: Severity, result: String?)) {
      // Closing fails when the log has failed, which whoever logs is told; or when the host has opened
      // entries under this one himself: then it stays open as long as they do.
      _ = try? log.close(id, end.severity, result: end.result)
      parent?.release()
    }
  }
#endif
