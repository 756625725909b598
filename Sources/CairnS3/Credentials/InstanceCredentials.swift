#if S3
  public import CairnChunks
  import Foundation

  /// Credentials of a virtual machine's role, from the metadata service of Amazon EC2 and those that do
  /// alike (version 2, with a session token).
  ///
  /// `AWS_EC2_METADATA_DISABLED=true` says that there is none.
  public struct InstanceCredentials: S3CredentialsProvider {
    private let endpoint: String
    private let isEnabled: Bool
    private let service = MetadataService(description: "the instance's metadata service")

    /// - Parameter environment: the process's if it is not given;
    ///   `AWS_EC2_METADATA_SERVICE_ENDPOINT` names another address.
    public init(_ environment: [String: String]? = nil) {
      let environment = environment ?? ProcessInfo.processInfo.environment
      let given = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
      endpoint = given.hasSuffix("/") ? String(given.dropLast()) : given
      isEnabled = environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true"
    }

    /// - Returns: `nil` if nobody answers within a second, or the machine has no role.
    public func credentials() async throws(ChunkStoreError) -> S3Credentials? {
      let roles = "\(endpoint)/latest/meta-data/iam/security-credentials/"
      guard isEnabled,
        let token = try await service.ask(
          .put, "\(endpoint)/latest/api/token",
          headers: [("X-aws-ec2-metadata-token-ttl-seconds", "300")], isThere: false)
      else { return nil }
      let headers = [("X-aws-ec2-metadata-token", token)]
      guard let names = try await service.ask(.get, roles, headers: headers, isThere: false),
        let role = names.split(whereSeparator: \.isNewline).first,
        let text = try await service.ask(
          .get, roles + PercentEncoding.encode(String(role)), headers: headers, isThere: true)
      else { return nil }
      return try service.credentials(in: text)
    }
  }
#endif
