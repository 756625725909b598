#if S3
  public import CairnChunks
  import CairnCrypto
  import Foundation

  /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
  public struct EnvironmentCredentials: S3CredentialsProvider {
    private let environment: [String: String]

    /// - Parameter environment: the process's if it is not given.
    public init(_ environment: [String: String]? = nil) {
      self.environment = environment ?? ProcessInfo.processInfo.environment
    }

    /// - Throws: `ChunkStoreError`: `.invalid` if only one half of a key is there.
    public func credentials() throws(ChunkStoreError) -> S3Credentials? {
      let id = environment["AWS_ACCESS_KEY_ID"].flatMap { $0.isEmpty ? nil : $0 }
      let secret = environment["AWS_SECRET_ACCESS_KEY"].flatMap { $0.isEmpty ? nil : $0 }
      switch (id, secret) {
      case (nil, nil): return nil
      case (let id?, let secret?):
        return S3Credentials(
          accessKeyID: id, secretAccessKey: SecretBytes(utf8: secret),
          sessionToken: environment["AWS_SESSION_TOKEN"].flatMap { $0.isEmpty ? nil : $0 })
      case (_?, nil), (nil, _?):
        throw ChunkStoreError(
          .invalid,
          "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set; set both or neither")
      }
    }
  }
#endif
