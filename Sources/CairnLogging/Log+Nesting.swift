#if SwiftLog
  public import CairnLog

  extension Log {
    /// Opens an entry for the time of `body`: what loggers on this log say in it, and in tasks that it
    /// starts, is appended under that entry.
    ///
    /// It is closed when `body` has ended, and all entries that were opened so within it have been
    /// closed; with the error as its result if `body` throws. What a task says that goes on after that
    /// is appended under the entry around it. If it cannot be opened, `body` runs without.
    public func withEntry<Result, Failure: Error>(
      _ text: String, _ severity: Severity = .info, fields: [LogField] = [],
      _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
      guard let scope = LogScope(text, severity, fields, in: self) else { return try body() }
      let outcome = LogScope.$current.withValue(scope) {
        Swift.Result { () throws(Failure) in try body() }
      }
      scope.end(outcome)
      return try outcome.get()
    }

    /// The same with a `body` that suspends.
    public func withEntry<Result, Failure: Error>(
      _ text: String, _ severity: Severity = .info, fields: [LogField] = [],
      isolation: isolated (any Actor)? = #isolation,
      _ body: () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
      guard let scope = LogScope(text, severity, fields, in: self) else { return try await body() }
      let outcome = await LogScope.$current.withValue(
        scope,
        operation: { () async -> Swift.Result<Result, Failure> in
          do throws(Failure) {
            return .success(try await body())
          } catch {
            return .failure(error)
          }
        }, isolation: isolation)
      scope.end(outcome)
      return try outcome.get()
    }

    /// Calls `body` with the innermost entry of this task that is still open, or without one.
    func underCurrentEntry<Result>(
      _ body: (EntryID?) throws(LogError) -> Result
    ) throws(LogError) -> Result {
      var scope = LogScope.current
      while let inner = scope {
        if inner.log === self {
          do throws(LogError) {
            return try body(inner.id)
          } catch {
            guard error.code == .notOpen else { throw error }
          }
        }
        scope = inner.outer
      }
      return try body(nil)
    }
  }
#endif
