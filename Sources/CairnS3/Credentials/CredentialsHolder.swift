#if S3
  import CairnChunks

  /// The credentials in use, renewed before they end.
  actor CredentialsHolder {
    private let provider: any S3CredentialsProvider
    private let now: @Sendable () -> Timestamp
    private var current: S3Credentials?
    /// The question under way, so that many requests ask once.
    private var asking: Task<Result<S3Credentials, ChunkStoreError>, Never>?

    /// Seconds before their end from which on new ones are wanted.
    private static let margin: Int64 = 300

    init(_ provider: any S3CredentialsProvider, now: @escaping @Sendable () -> Timestamp) {
      self.provider = provider
      self.now = now
    }

    /// - Parameter refused: an id that the server took for ended.
    func credentials(
      insteadOf refused: S3Credentials? = nil
    ) async throws(ChunkStoreError) -> S3Credentials {
      if let current, current.sessionToken != refused?.sessionToken || refused == nil,
        current.expiry.map({ $0 - Self.margin > now().seconds }) != false
      {
        return current
      }
      if let asking { return try await asking.value.get() }
      let task = Task { [provider] () -> Result<S3Credentials, ChunkStoreError> in
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
      asking = task
      let outcome = await task.value
      asking = nil
      // If new ones cannot be had, the old ones serve until they end.
      if case .failure(let error) = outcome, error.code == .temporary, refused == nil,
        let current, current.expiry.map({ $0 > now().seconds }) != false
      {
        return current
      }
      let found = try outcome.get()
      current = found
      return found
    }
  }
#endif
