import CairnChunks
import CairnCrypto
import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import CairnS3

/// Gives new credentials each time it is asked.
final class CountingCredentials: S3CredentialsProvider {
  private let asked = Mutex(0)
  private let lifetime: Int64?

  init(lifetime: Int64? = nil) {
    self.lifetime = lifetime
  }

  var count: Int { asked.withLock { $0 } }

  func credentials() -> S3Credentials? {
    let number = asked.withLock {
      $0 += 1
      return $0
    }
    return S3Credentials(
      accessKeyID: "key \(number)", secretAccessKey: SecretBytes(utf8: "secret"),
      sessionToken: "token \(number)", expiry: lifetime.map { Timestamp.now.seconds + $0 })
  }
}

@Suite struct CredentialsTests {
  private func isSecret(_ credentials: S3Credentials?, _ text: String) -> Bool {
    credentials?.secretAccessKey == SecretBytes(utf8: text)
  }

  @Test func ofTheEnvironment() throws {
    let found = try EnvironmentCredentials([
      "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
    ]).credentials()
    #expect(found?.accessKeyID == "id")
    #expect(isSecret(found, "secret"))
    #expect(found?.sessionToken == "token")
    #expect(try EnvironmentCredentials([:]).credentials() == nil)
    #expect(throws: ChunkStoreError.self) {
      try EnvironmentCredentials(["AWS_ACCESS_KEY_ID": "id"]).credentials()
    }
  }

  @Test func theSecretIsNeverShown() {
    #expect(!"\(S3Credentials.ofTests)".contains("secret"))
    var text = ""
    dump(S3Credentials.ofTests, to: &text)
    #expect(!text.contains("secret of"))
  }

  @Test func ofASharedFile() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "cairn-s3-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "credentials")
    try Data(
      """
      # comment
      [default]
      aws_access_key_id = first
      aws_secret_access_key=s = 1
      [ other ]
      aws_access_key_id=second
      aws_secret_access_key=two
        aws_session_token = lent
      [half]
      aws_access_key_id=third
      """.utf8
    ).write(to: file)
    let configuration = folder.appending(path: "config")
    try Data(
      "[profile third]\naws_access_key_id=3\naws_secret_access_key=three\n".utf8
    ).write(to: configuration)
    let environment = [
      "AWS_SHARED_CREDENTIALS_FILE": file.path, "AWS_CONFIG_FILE": configuration.path,
    ]
    func read(_ profile: String?) async throws -> S3Credentials? {
      try await SharedFileCredentials(profile: profile, environment: environment).credentials()
    }
    #expect(isSecret(try await read(nil), "s = 1"))
    #expect(try await read("other")?.sessionToken == "lent")
    #expect(try await read("third")?.accessKeyID == "3")
    #expect(try await read("unknown") == nil)
    await #expect(throws: ChunkStoreError.self) { try await read("half") }
    let absent = SharedFileCredentials(environment: ["HOME": "/nonexistent"])
    #expect(try await absent.credentials() == nil)
    await #expect(throws: ChunkStoreError.self) {
      try await SharedFileCredentials(file: "/tmp", environment: [:]).credentials()
    }
  }

  private static let lent =
    #"{"AccessKeyId":"id","SecretAccessKey":"s","Token":"t","Expiration":"2100-01-01T00:00:00Z"}"#

  @Test func ofAContainer() async throws {
    let server = try await ScriptedServer { request, _ in
      request.header("authorization") == "word"
        ? ScriptedAnswer(200, Self.lent) : ScriptedAnswer(401, "no")
    }
    let found = try await ContainerCredentials([
      "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.endpoint + "/role",
      "AWS_CONTAINER_AUTHORIZATION_TOKEN": "word",
    ]).credentials()
    #expect(found?.sessionToken == "t")
    #expect(found?.expiry == Timestamp(extended: "2100-01-01T00:00:00Z")?.seconds)
    #expect(try await ContainerCredentials([:]).credentials() == nil)
    let refused = await failure { () async throws(ChunkStoreError) in
      try await ContainerCredentials([
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.endpoint + "/role"
      ]).credentials()
    }
    #expect(refused?.code == .targetFailed)
    for host in ["example.com", "127.0.0.1.example.com", "127.example.com", "127.0.0.300"] {
      let elsewhere = await failure { () async throws(ChunkStoreError) in
        try await ContainerCredentials([
          "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://\(host)/role"
        ]).credentials()
      }
      #expect(elsewhere?.code == .invalid, "\(host)")
    }
    await server.close()
  }

  @Test func ofAnInstance() async throws {
    let server = try await ScriptedServer { request, _ in
      switch (request.method, String(request.path)) {
      case ("PUT", "/latest/api/token"): ScriptedAnswer(200, "word")
      case ("GET", "/latest/meta-data/iam/security-credentials/"): ScriptedAnswer(200, "role")
      case ("GET", "/latest/meta-data/iam/security-credentials/role")
      where request.header("x-aws-ec2-metadata-token") == "word":
        ScriptedAnswer(200, Self.lent)
      default: ScriptedAnswer(404)
      }
    }
    let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.endpoint + "/"]
    #expect(try await InstanceCredentials(environment).credentials()?.accessKeyID == "id")
    let disabled = environment.merging(["AWS_EC2_METADATA_DISABLED": "true"]) { $1 }
    #expect(try await InstanceCredentials(disabled).credentials() == nil)
    let nobody = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"]
    #expect(try await InstanceCredentials(nobody).credentials() == nil)
    await server.close()
  }

  @Test func areRenewedBeforeTheyEnd() async throws {
    let provider = CountingCredentials(lifetime: 3600)
    let holder = CredentialsHolder(provider, now: { .now })
    let first = try await holder.credentials()
    #expect(try await holder.credentials().accessKeyID == first.accessKeyID)
    #expect(try await holder.credentials(insteadOf: first).accessKeyID == "key 2")
    // Asked for by several that were refused with the old ones: once.
    #expect(try await holder.credentials(insteadOf: first).accessKeyID == "key 2")
    let short = CountingCredentials(lifetime: 200)
    let hasty = CredentialsHolder(short, now: { .now })
    _ = try await hasty.credentials()
    _ = try await hasty.credentials()
    #expect(short.count == 2)
  }

  @Test func thereMustBeSome() async throws {
    let target = try S3Target(
      S3Options(bucket: "bucket", endpoint: "http://127.0.0.1:9"), credentials: CredentialsChain([])
    )
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.size(of: .test)
    }
    #expect(error?.code == .noAccess)
    #expect(error?.message.contains("AWS_ACCESS_KEY_ID") == true)
  }
}
