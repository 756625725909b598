#if S3
  import CairnChunks

  /// Requests in a row, of which some are sent before their answers are wanted.
  final class Ahead<Answer: Sendable> {
    typealias Request = @Sendable () async throws(ChunkStoreError) -> Answer

    private let count: Int
    private let depth: Int
    private var started = 0
    private var tasks: [Int: Task<Result<Answer, ChunkStoreError>, Never>] = [:]

    init(_ count: Int, depth: Int) {
      self.count = count
      self.depth = depth
    }

    /// Sends requests until as many are under way as may be, from the one at `index` on.
    func fill(from index: Int, _ request: (Int) -> Request?) {
      while started < count, started < index + depth {
        if let body = request(started) {
          tasks[started] = Task {
            do throws(ChunkStoreError) {
              return .success(try await body())
            } catch {
              return .failure(error)
            }
          }
        }
        started += 1
      }
    }

    /// The answer of the request at `index`, if there was one.
    func value(_ index: Int) async throws(ChunkStoreError) -> Answer? {
      guard let task = tasks.removeValue(forKey: index) else { return nil }
      return try await withTaskCancellationHandler {
        await task.value
      } onCancel: {
        task.cancel()
      }.get()
    }

    func cancel() {
      for task in tasks.values { task.cancel() }
      tasks = [:]
    }
  }
#endif
