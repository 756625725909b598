#if S3
  import CairnChunks

  /// The credentials in use, renewed before they end.
  actor CredentialsHolder {
    private typealias Question = Task<Result<S3Credentials, ChunkStoreError>, Never>

    private let provider: any S3CredentialsProvider
    private let now: @Sendable () -> Timestamp
    private var current: S3Credentials?
    /// The question under way, so that many requests ask once.
    private var asking: Question?

    /// Seconds before their end from which on new ones are wanted.
    private static let margin: Int64 = 300

    init(_ provider: any S3CredentialsProvider, now: @escaping @Sendable () -> Timestamp) {
      self.provider = provider
      self.now = now
    }

    /// - Parameter refused: those that the server took for ended.
    func credentials(
      insteadOf refused: S3Credentials? = nil
    ) async throws(ChunkStoreError) -> S3Credentials {
      if let current = usable(for: Self.margin, insteadOf: refused) { return current }
      let question = asking ?? ask()
      asking = question
      let outcome = await question.value
      // The first of those who waited for it.
      if asking == question {
        asking = nil
        if case .success(let found) = outcome { current = found }
      }
      // If new ones cannot be had, the old ones serve until they end.
      if case .failure(let error) = outcome, error.code == .temporary,
        let current = usable(for: 0, insteadOf: refused)
      {
        return current
      }
      return try outcome.get()
    }

    /// Those in use, if they last longer than some seconds.
    private func usable(for margin: Int64, insteadOf refused: S3Credentials?) -> S3Credentials? {
      guard let current, current.expiry.map({ $0 - margin > now().seconds }) != false else {
        return nil
      }
      let isRefused =
        refused?.accessKeyID == current.accessKeyID
        && refused?.sessionToken == current.sessionToken
      return isRefused ? nil : current
    }

    private func ask() -> Question {
      Task { [provider] in
        do throws(ChunkStoreError) {
          guard let found = try await provider.credentials() else {
            return .failure(
              ChunkStoreError(
                .noAccess,
                "there are no credentials for the S3 server: set AWS_ACCESS_KEY_ID and "
                  + "AWS_SECRET_ACCESS_KEY, or write them into ~/.aws/credentials"))
          }
          return .success(found)
        } catch {
          return .failure(error)
        }
      }
    }
  }
#endif
