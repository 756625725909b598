#if S3
  public import CairnChunks
  public import CairnCrypto

  /// What signs requests to an S3 server.
  public struct S3Credentials: Sendable, CustomStringConvertible {
    public let accessKeyID: String
    public let secretAccessKey: SecretBytes
    /// Part of those that were lent for a while.
    public let sessionToken: String?
    /// When they end, in seconds since 1970, if they do.
    public let expiry: Int64?

    public init(
      accessKeyID: String, secretAccessKey: SecretBytes, sessionToken: String? = nil,
      expiry: Int64? = nil
    ) {
      self.accessKeyID = accessKeyID
      self.secretAccessKey = secretAccessKey
      self.sessionToken = sessionToken
      self.expiry = expiry
    }

    /// The id of the key; never the secret.
    public var description: String { "S3Credentials(\(accessKeyID))" }
  }

  /// Where credentials come from: a host's own vault, or one of ``EnvironmentCredentials``,
  /// ``SharedFileCredentials``, ``ContainerCredentials``, ``InstanceCredentials``.
  public protocol S3CredentialsProvider: Sendable {
    /// Credentials, or `nil` if there are none here, so that another place is asked.
    ///
    /// Called at first, some minutes before the last ones end, and when the server says that they have;
    /// never twice at a time for one target.
    ///
    /// - Throws: `ChunkStoreError` if there should be some: `.temporary` where
    ///   asking again may help.
    func credentials() async throws(ChunkStoreError) -> S3Credentials?
  }

  /// Credentials that a host has and that do not end.
  public struct FixedCredentials: S3CredentialsProvider {
    private let fixed: S3Credentials

    public init(_ credentials: S3Credentials) {
      fixed = credentials
    }

    public func credentials() -> S3Credentials? { fixed }
  }

  /// The first of several places that has credentials.
  public struct CredentialsChain: S3CredentialsProvider {
    private let providers: [any S3CredentialsProvider]

    public init(_ providers: [any S3CredentialsProvider]) {
      self.providers = providers
    }

    /// The order of Amazon's own tools: the environment, the shared files, the container's service, the
    /// instance's.
    public static var standard: CredentialsChain {
      CredentialsChain([
        EnvironmentCredentials(), SharedFileCredentials(), ContainerCredentials(),
        InstanceCredentials(),
      ])
    }

    public func credentials() async throws(ChunkStoreError) -> S3Credentials? {
      for provider in providers {
        if let found = try await provider.credentials() { return found }
      }
      return nil
    }
  }
#endif
