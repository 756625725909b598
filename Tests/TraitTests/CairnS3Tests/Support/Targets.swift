import CairnChunks
import CairnCrypto
import Testing

@testable import CairnS3

extension S3Credentials {
  static var ofTests: S3Credentials {
    S3Credentials(accessKeyID: "tester", secretAccessKey: SecretBytes(utf8: "secret of the tester"))
  }
}

extension S3Target {
  /// A target of a scripted server, which tries a few times only.
  convenience init(
    of server: ScriptedServer, attempts: Int = 3, _ change: (inout S3Options) -> Void = { _ in }
  ) throws {
    var options = S3Options(bucket: "bucket", prefix: "folder", endpoint: server.endpoint)
    options.attempts = attempts
    options.timeout = 5
    change(&options)
    try self.init(options, credentials: FixedCredentials(.ofTests))
  }
}

extension BlobName {
  static let test = BlobName("packs/ab/abcdef")!
}

/// The error that `body` throws.
func failure<Result>(
  of body: () async throws(ChunkStoreError) -> Result
) async -> ChunkStoreError? {
  do throws(ChunkStoreError) {
    _ = try await body()
    return nil
  } catch {
    return error
  }
}
