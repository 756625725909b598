#if S3
  public import CairnChunks
  import Foundation

  /// Credentials of a container's task or pod, from the service that the environment names
  /// (`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, `AWS_CONTAINER_CREDENTIALS_FULL_URI`).
  public struct ContainerCredentials: S3CredentialsProvider {
    private let environment: [String: String]
    private let service = MetadataService(description: "the container's credentials service")

    /// - Parameter environment: the process's if it is not given.
    public init(_ environment: [String: String]? = nil) {
      self.environment = environment ?? ProcessInfo.processInfo.environment
    }

    /// - Returns: `nil` if the environment names no service.
    public func credentials() async throws(ChunkStoreError) -> S3Credentials? {
      let url: String
      if let relative = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
        url = "http://169.254.170.2" + relative
      } else if let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
        url = full
      } else {
        return nil
      }
      try requireTrusted(url)
      var headers: [(String, String)] = []
      if let token = try token() { headers.append(("Authorization", token)) }
      guard let text = try await service.ask(.get, url, headers: headers, isThere: true) else {
        return nil
      }
      return try service.credentials(in: text)
    }

    /// The token that the service wants, from a file that it renews or from the environment.
    private func token() throws(ChunkStoreError) -> String? {
      guard let file = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] else {
        return environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
      }
      guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
        throw service.failure(.invalid, "cannot read its token from \(file)")
      }
      return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The token goes only where it cannot be overheard.
    private func requireTrusted(_ url: String) throws(ChunkStoreError) {
      guard let parts = URL(string: url), let host = parts.host(percentEncoded: false) else {
        throw service.failure(.invalid, "\(url) is no address")
      }
      let own = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost", "::1"]
      guard parts.scheme == "https" || own.contains(host) || Self.isLoopback(host) else {
        throw service.failure(
          .invalid,
          "\(host) is neither on this machine nor asked by https, so no token is sent to it")
      }
    }

    /// Whether it is an address in 127.0.0.0/8, and not a name that begins like one.
    private static func isLoopback(_ host: String) -> Bool {
      let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
      return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
  }
#endif
