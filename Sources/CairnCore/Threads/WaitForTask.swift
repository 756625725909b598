/// Runs an `async` operation from one of our own threads, which blocks until it has ended.
///
/// Must not be called on the cooperative pool: a thread of it would wait for another.
package func waitForTask<Result: Sendable, Failure: Error>(
  _ operation: @escaping @Sendable () async throws(Failure) -> Result
) throws(Failure) -> Result {
  let outcome = Monitor<Swift.Result<Result, Failure>?>(nil)
  Task.detached {
    do throws(Failure) {
      let value = try await operation()
      outcome.change { $0 = .success(value) }
    } catch {
      outcome.change { $0 = .failure(error) }
    }
  }
  return try outcome.wait { $0 }.get()
}
