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
  private let isLending: Bool

  /// - Parameter isLending: with a token.
  init(lifetime: Int64? = nil, isLending: Bool = true) {
    self.lifetime = lifetime
    self.isLending = isLending
  }

  var count: Int { asked.withLock { $0 } }

  func credentials() -> S3Credentials? {
    let number = asked.withLock {
      $0 += 1
      return $0
    }
    return S3Credentials(
      accessKeyID: "key \(number)", secretAccessKey: SecretBytes(utf8: "secret"),
      sessionToken: isLending ? "token \(number)" : nil,
      expiry: lifetime.map { Timestamp.now.seconds + $0 })
  }
}

/// Lends credentials that have to be renewed at once, and fails to renew them when it is told to.
final class FailingRenewal: S3CredentialsProvider {
  private let isLent = Mutex(false)
  private let failing = AsyncStream.makeStream(of: Void.self)

  func credentials() async throws(ChunkStoreError) -> S3Credentials? {
    let isFirst = isLent.withLock { isLent in
      defer { isLent = true }
      return !isLent
    }
    if !isFirst {
      for await _ in failing.stream {}
      throw ChunkStoreError(.temporary, "the vault does not answer")
    }
    return S3Credentials(
      accessKeyID: "lent", secretAccessKey: SecretBytes(utf8: "secret"), sessionToken: "token",
      expiry: Timestamp.now.seconds + 200)
  }

  /// After a while, in which others come to wait for the same.
  func failRenewals() async {
    try? await Task.sleep(for: .milliseconds(50))
    failing.continuation.finish()
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
      """
      [profile third]
      aws_access_key_id=3
      aws_secret_access_key=three
      [profile fourth]
      region=eu-north-1
      [profile  two words]
      aws_access_key_id=5
      aws_secret_access_key=five
      """.utf8
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
    // Asked for by name, it has to be there.
    let unknown = await failure { () async throws(ChunkStoreError) in
      try await SharedFileCredentials(
        environment: environment.merging(["AWS_PROFILE": "unknown"]) { $1 }
      ).credentials()
    }
    #expect(unknown?.code == .invalid)
    for word in ["'unknown'", file.path, configuration.path, "AWS_PROFILE"] {
      #expect(unknown?.message.contains(word) == true, "\(unknown?.message ?? "")")
    }
    // One that says other things of its host is there.
    #expect(try await read("fourth") == nil)
    #expect(try await read("two words")?.accessKeyID == "5")
    await #expect(throws: ChunkStoreError.self) { try await read("half") }
    let absent = SharedFileCredentials(environment: ["HOME": "/nonexistent"])
    #expect(try await absent.credentials() == nil)
    await #expect(throws: ChunkStoreError.self) {
      try await SharedFileCredentials(file: "/tmp", environment: [:]).credentials()
    }
  }

  /// In the configuration the default profile has two names, of which the longer one counts.
  @Test(
    arguments: [
      ("[default]", nil, "1"), ("[profile default]", nil, "1"),
      ("[default]", "[profile default]", "2"), ("[profile default]", "[default]", "1"),
      ("[ profile  default ]", "[default]", "1"),
    ] as [(String, String?, String)])
  func theDefaultProfileOfTheConfiguration(
    first: String, second: String?, expected: String
  ) async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "cairn-s3-\(UUID())")
    defer { try? FileManager.default.removeItem(at: file) }
    var text = "\(first)\naws_access_key_id=1\naws_secret_access_key=one\n"
    if let second { text += "\(second)\naws_access_key_id=2\naws_secret_access_key=two\n" }
    try Data(text.utf8).write(to: file)
    let environment = ["HOME": "/nonexistent", "AWS_CONFIG_FILE": file.path]
    let found = try await SharedFileCredentials(environment: environment).credentials()
    #expect(found?.accessKeyID == expected)
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

  /// Those who wait for the same renewal fare as the one who began it.
  @Test func aRenewalThatFailsLeavesTheOldOnesToAll() async throws {
    let provider = FailingRenewal()
    let holder = CredentialsHolder(provider, now: { .now })
    let first = try await holder.credentials()
    let ids = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<8 { group.addTask { try await holder.credentials().accessKeyID } }
      await provider.failRenewals()
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(ids == Array(repeating: first.accessKeyID, count: 8))
    // Not those that the server refuses.
    let error = await failure { () async throws(ChunkStoreError) in
      try await holder.credentials(insteadOf: first)
    }
    #expect(error?.code == .temporary)
  }

  /// Keys that do not end have no token by which to tell them apart.
  @Test func anotherKeyIsNoRefusedOne() async throws {
    let provider = CountingCredentials(isLending: false)
    let holder = CredentialsHolder(provider, now: { .now })
    let first = try await holder.credentials()
    for _ in 0..<2 {
      #expect(try await holder.credentials(insteadOf: first).accessKeyID == "key 2")
    }
    #expect(provider.count == 2)
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
