import CairnChunks
import CairnCore
import CairnCrypto
import SystemPackage
import Testing

@testable import CairnS3

/// What the target makes of a server's answers.
@Suite struct ScriptedTests {
  private static let content = Array("what is stored".utf8)

  private static func error(_ code: String, _ message: String = "so it is") -> String {
    "<Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
  }

  // MARK: Errors

  @Test(arguments: [
    (403, "AccessDenied", ChunkStoreError.Code.targetFailed, "permissions"),
    (403, "InvalidAccessKeyId", .targetFailed, "access key"),
    (403, "SignatureDoesNotMatch", .targetFailed, "secret key"),
    (403, "RequestTimeTooSkewed", .targetFailed, "clock here"),
    (404, "NoSuchBucket", .targetFailed, "no such bucket"),
    (301, "PermanentRedirect", .targetFailed, "address"),
    (403, "QuotaExceeded", .targetFailed, "full"),
    (507, "XMinioStorageFull", .targetFailed, "full"),
    (501, "NotImplemented", .targetFailed, "does not know"),
    (503, "SlowDown", .temporary, "SlowDown"),
    (500, "InternalError", .temporary, "InternalError"),
    (404, "NoSuchKey", .missing, "no blob"),
  ])
  func errorsSayWhatToDo(
    status: Int, code: String, expected: ChunkStoreError.Code, hint: String
  ) async throws {
    let server = try await ScriptedServer { _, _ in ScriptedAnswer(status, Self.error(code)) }
    let target = try S3Target(of: server, attempts: 2)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.get(.test, range: nil)
    }
    #expect(error?.code == expected)
    #expect(error?.blob == .test)
    #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(code) == true)
    #expect(server.requests.count == (expected == .temporary ? 2 : 1))
    await server.close()
  }

  @Test func aWrongRegionIsNamed() async throws {
    let server = try await ScriptedServer { _, _ in
      ScriptedAnswer(301, "", [("x-amz-bucket-region", "eu-north-1")])
    }
    let target = try S3Target(of: server)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.size(of: .test)
    }
    #expect(error?.message.contains("eu-north-1") == true)
    await server.close()
  }

  @Test func isTriedAgainAsTheServerSays() async throws {
    let server = try await ScriptedServer { _, count in
      switch count {
      case 0: ScriptedAnswer(503, Self.error("SlowDown"), [("retry-after", "1")])
      case 1: .hangUp
      default: ScriptedAnswer(200, "", [("content-length", "14")])
      }
    }
    let target = try S3Target(of: server, attempts: 4)
    let clock = ContinuousClock()
    let began = clock.now
    #expect(try await target.size(of: .test) == 14)
    #expect(began.duration(to: clock.now) >= .seconds(1))
    #expect(server.requests.count == 3)
    await server.close()
  }

  @Test func aServerThatIsNotThereIsNamed() async throws {
    let server = try await ScriptedServer { _, _ in ScriptedAnswer(200) }
    let target = try S3Target(of: server, attempts: 2)
    await server.close()
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.size(of: .test)
    }
    #expect(error?.code == .temporary)
    #expect(error?.message.contains("127.0.0.1") == true, "\(error?.message ?? "")")
  }

  @Test func aServerWithoutTLSIsNoServer() async throws {
    let server = try await ScriptedServer { _, _ in ScriptedAnswer(200) }
    let target = try S3Target(of: server, attempts: 2) {
      $0.endpoint = $0.endpoint?.replacing("http:", with: "https:")
    }
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.size(of: .test)
    }
    #expect(error?.code == .targetFailed, "\(error?.message ?? "")")
    #expect(error?.message.contains("TLS") == true)
    await server.close()
  }

  /// The answer to a HEAD has no body, so what it means is asked for in another way.
  @Test(arguments: ["get", "size", "put", "list", "delete"])
  func credentialsThatEndedAreRenewedOnce(operation: String) async throws {
    let provider = CountingCredentials()
    let server = try await ScriptedServer { request, _ in
      guard request.header("x-amz-security-token") == "token 2" else {
        return ScriptedAnswer(400, Self.error("ExpiredToken"))
      }
      switch request.method {
      case "HEAD" where operation == "put": return ScriptedAnswer(404)
      case "HEAD": return ScriptedAnswer(200, "", [("content-length", "14")])
      case "GET" where request.header("range") == nil:
        return ScriptedAnswer(200, "<ListBucketResult/>")
      case "GET": return Self.serve(Self.content, request)
      default: return ScriptedAnswer(200)
      }
    }
    let options = S3Options(bucket: "bucket", endpoint: server.endpoint)
    let target = try S3Target(options, credentials: provider)
    switch operation {
    case "get": #expect(try await target.get(.test, range: 0..<4) == Array(Self.content.prefix(4)))
    case "size": #expect(try await target.size(of: .test) == 14)
    case "put": try await target.put(.test, BlobSource(Self.content))
    case "list": #expect(try await target.list("", after: nil, limit: 10) == [])
    default: try await target.delete(.test)
    }
    #expect(provider.count == 2)
    await server.close()
  }

  @Test(arguments: [
    (400, "ExpiredToken", "get new ones"), (403, "InvalidAccessKeyId", "access key"),
    (403, "SignatureDoesNotMatch", "secret key"), (403, "RequestTimeTooSkewed", "clock here"),
    (400, "AuthorizationHeaderMalformed", "another address"),
  ])
  func whatARefusalWithoutABodyMeansIsAskedFor(
    status: Int, code: String, hint: String
  ) async throws {
    let server = try await ScriptedServer { _, _ in ScriptedAnswer(status, Self.error(code)) }
    let target = try S3Target(of: server)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.size(of: .test)
    }
    #expect(error?.code == .targetFailed)
    #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
    await server.close()
  }

  @Test func aRefusalThatIsNotExplainedStands() async throws {
    // Of a server that lets the blob be read, but not looked for, and that knows no ranges.
    let server = try await ScriptedServer { request, _ in
      request.method == "HEAD" ? ScriptedAnswer(403) : ScriptedAnswer(200, "what is stored")
    }
    let target = try S3Target(of: server)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.size(of: .test)
    }
    #expect(error?.message.contains("the server answers 403") == true, "\(error?.message ?? "")")
    #expect(server.requests.map(\.method) == ["HEAD", "GET"])
    await server.close()
  }

  /// A blob that is not there looks to a HEAD as a bucket that is not; the first time, the server is
  /// asked which.
  @Test func whetherTheBucketIsThereIsAskedOnce() async throws {
    let server = try await ScriptedServer { request, _ in
      ScriptedAnswer(404, request.method == "HEAD" ? "" : Self.error("NoSuchKey"))
    }
    let target = try S3Target(of: server)
    #expect(try await target.size(of: .test) == nil)
    #expect(try await target.size(of: .test) == nil)
    #expect(server.requests.map(\.method) == ["HEAD", "GET", "HEAD"])
    await server.close()
  }

  @Test(arguments: [
    (404, "NoSuchBucket", ChunkStoreError.Code.targetFailed), (503, "SlowDown", .temporary),
  ])
  func aPlaceThatIsNotThereHasLostNothing(
    status: Int, code: String, expected: ChunkStoreError.Code
  ) async throws {
    let server = try await ScriptedServer { request, _ in
      request.method == "HEAD" ? ScriptedAnswer(404) : ScriptedAnswer(status, Self.error(code))
    }
    let target = try S3Target(of: server, attempts: 2)
    // The second time as the first.
    for _ in 0..<2 {
      let error = await failure { () async throws(ChunkStoreError) in
        try await target.size(of: .test)
      }
      #expect(error?.code == expected)
      #expect(error?.message.contains("s3://bucket") == true, "\(error?.message ?? "")")
    }
    await server.close()
  }

  // MARK: Reading

  @Test func aBodyThatIsCutIsTriedAgainAndThenAnError() async throws {
    let server = try await ScriptedServer { _, _ in
      var answer = ScriptedAnswer(200)
      answer.body = Array(Self.content.prefix(5))
      answer.announced = Self.content.count
      return answer
    }
    let target = try S3Target(of: server, attempts: 2)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.get(.test, range: nil)
    }
    #expect(error?.code == .temporary)
    #expect(server.requests.count == 2)
    await server.close()
  }

  /// What a server says that a blob has may be anything; only what it sends takes memory.
  @Test func aBlobOfAnyAnnouncedSizeEndsInAnError() async throws {
    let size = Int64.max
    let part = [UInt8](repeating: 7, count: 64 << 10)
    let server = try await ScriptedServer { request, count in
      guard count == 0 else { return ScriptedAnswer(404, Self.error("NoSuchKey")) }
      var answer = ScriptedAnswer(206, "", [("content-range", "bytes 0-65535/\(size)")])
      answer.body = part
      return answer
    }
    let target = try S3Target(of: server, attempts: 1) { $0.readSize = 64 << 10 }
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.get(.test, range: nil)
    }
    #expect(error?.code == .missing, "\(error?.message ?? "")")
    await server.close()
  }

  @Test func aBodyThatIsLongerThanAskedForIsRefused() async throws {
    let server = try await ScriptedServer { _, _ in
      ScriptedAnswer(206, "0123456789", [("content-range", "bytes 0-9/100")])
    }
    let target = try S3Target(of: server, attempts: 1)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.get(.test, range: 0..<5)
    }
    #expect(error?.code == .targetFailed)
    await server.close()
  }

  @Test(arguments: ["bytes 1-5/14", "bytes 0-3/14", "bytes 0-4/4", "none", "bytes 0-5/14"])
  func anotherRangeThanAskedForIsRefused(range: String) async throws {
    let server = try await ScriptedServer { _, _ in
      ScriptedAnswer(206, "01234", [("content-range", range)])
    }
    let target = try S3Target(of: server, attempts: 1)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.get(.test, range: 0..<5)
    }
    #expect(error?.code == .temporary)
    await server.close()
  }

  @Test func aLargeBlobIsReadInPartsAtOnce() async throws {
    let bytes = (0..<700_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let server = try await ScriptedServer { request, _ in Self.serve(bytes, request) }
    let target = try S3Target(of: server) { $0.readSize = 64 << 10 }
    #expect(try await target.get(.test, range: nil) == bytes)
    #expect(server.requests.count == 11)
    #expect(try await target.get(.test, range: 1..<700_000) == Array(bytes[1..<700_000]))
    #expect(try await target.get(.test, range: 699_999..<900_000) == Array(bytes[699_999...]))
    #expect(try await target.get(.test, range: 800_000..<900_000) == [])
    await server.close()
  }

  private static func serve(_ bytes: [UInt8], _ request: ReceivedRequest) -> ScriptedAnswer {
    guard let range = request.header("range")?.dropFirst("bytes=".count).split(separator: "-"),
      let first = Int(range[0]), let last = Int(range[1])
    else { return ScriptedAnswer(400) }
    guard first < bytes.count else { return ScriptedAnswer(416, error("InvalidRange")) }
    let end = min(last + 1, bytes.count)
    var answer = ScriptedAnswer(
      206, "", [("content-range", "bytes \(first)-\(end - 1)/\(bytes.count)")])
    answer.body = Array(bytes[first..<end])
    return answer
  }

  // MARK: Writing

  @Test func whatIsSentIsSignedWithItsDigest() async throws {
    let server = try await ScriptedServer { request, _ in
      ScriptedAnswer(request.method == "HEAD" ? 404 : 200)
    }
    let target = try S3Target(of: server) {
      $0.storageClass = "STANDARD_IA"
      $0.encryption = .keyManagement(keyID: "key 1")
      $0.objectLock = .init(.governance, days: 30)
    }
    try await target.put(.test, BlobSource(Self.content))
    let put = try #require(server.requests.last)
    #expect(put.path == "/bucket/folder/packs/ab/abcdef")
    #expect(put.body == Self.content)
    #expect(put.header("if-none-match") == "*")
    #expect(
      put.header("x-amz-content-sha256")
        == SHA256.hash(of: Self.content.span.bytes).description)
    #expect(put.header("x-amz-storage-class") == "STANDARD_IA")
    #expect(put.header("x-amz-server-side-encryption") == "aws:kms")
    #expect(put.header("x-amz-server-side-encryption-aws-kms-key-id") == "key 1")
    #expect(put.header("x-amz-object-lock-mode") == "GOVERNANCE")
    let until = try #require(
      put.header("x-amz-object-lock-retain-until-date").flatMap(Timestamp.init(extended:)))
    #expect(abs(until.seconds - Timestamp.now.seconds - 30 * 86_400) < 60)
    try await target.put(BlobName("index/a")!, BlobSource(Self.content))
    #expect(server.requests.last?.header("x-amz-object-lock-mode") == nil)
    await server.close()
  }

  @Test func aPutOfWhichTheAnswerWasLostSucceeds() async throws {
    let digest = SHA256.hash(of: Self.content.span.bytes).description
    let server = try await ScriptedServer { request, count in
      switch (request.method, count) {
      case ("HEAD", 0): ScriptedAnswer(404)
      case ("PUT", 1): .hangUp
      case ("PUT", _): ScriptedAnswer(412, Self.error("PreconditionFailed"))
      default:
        ScriptedAnswer(200, "", [("content-length", "14"), ("x-amz-meta-cairn-sha256", digest)])
      }
    }
    try await S3Target(of: server).put(.test, BlobSource(Self.content))
    #expect(server.requests.map(\.method) == ["HEAD", "PUT", "PUT", "HEAD"])
    await server.close()
  }

  /// A server that refuses conditions gets none from then on; one that is relied on to know them is no
  /// place for a repository.
  @Test(arguments: [S3Options.ConditionalPut.lookFirst, .relied])
  func aServerThatRefusesConditions(mode: S3Options.ConditionalPut) async throws {
    let server = try await ScriptedServer { request, _ in
      if request.method == "HEAD" { return ScriptedAnswer(404) }
      return request.header("if-none-match") == nil
        ? ScriptedAnswer(200) : ScriptedAnswer(501, Self.error("NotImplemented"))
    }
    let target = try S3Target(of: server) { $0.conditionalPut = mode }
    if mode == .lookFirst {
      try await target.put(.test, BlobSource(Self.content))
      #expect(server.requests.map(\.method) == ["HEAD", "PUT", "PUT"])
      try await target.put(BlobName("other")!, BlobSource(Self.content))
      #expect(server.requests.map(\.method).suffix(2) == ["HEAD", "PUT"])
    } else {
      let error = await failure { () async throws(ChunkStoreError) in
        try await target.put(.test, BlobSource(Self.content))
      }
      #expect(error?.code == .targetFailed && server.requests.count == 1)
    }
    await server.close()
  }

  @Test(arguments: [true, false])
  func otherBytesUnderANameAreAConflict(knowsDigest: Bool) async throws {
    let server = try await ScriptedServer { request, _ in
      if request.method == "HEAD" {
        let digest = knowsDigest ? [("x-amz-meta-cairn-sha256", "00")] : []
        return ScriptedAnswer(200, "", [("content-length", "14")] + digest)
      }
      return Self.serve(Array("other than that".utf8.prefix(14)), request)
    }
    let target = try S3Target(of: server)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.put(.test, BlobSource(Self.content))
    }
    #expect(error?.code == .conflict)
    #expect(server.requests.allSatisfy { $0.method != "PUT" })
    await server.close()
  }

  @Test func aSourceThatFailsLeavesNothing() async throws {
    let server = try await ScriptedServer { request, _ in
      ScriptedAnswer(request.method == "HEAD" ? 404 : 200)
    }
    let file = try SpooledFile(in: "/tmp")
    try file.file.writeAll(Self.content)
    let target = try S3Target(of: server)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.put(.test, BlobSource(file, byteCount: 100))
    }
    #expect(error?.code == .targetFailed)
    #expect(error?.cause != nil)
    #expect(server.requests.allSatisfy { $0.method == "HEAD" })
    await server.close()
  }

  @Test func partsAreTakenBackIfOneFails() async throws {
    let server = try await ScriptedServer { request, _ in
      switch request.method {
      case "HEAD": ScriptedAnswer(404)
      case "POST":
        ScriptedAnswer(
          200,
          "<InitiateMultipartUploadResult><UploadId>u 1</UploadId></InitiateMultipartUploadResult>")
      case "PUT" where request.value("partNumber") == "2":
        ScriptedAnswer(403, Self.error("QuotaExceeded"))
      case "PUT": ScriptedAnswer(200, "", [("etag", "\"1\"")])
      default: ScriptedAnswer(204)
      }
    }
    let target = try S3Target(of: server) { $0.partSize = 5 << 20 }
    let bytes = [UInt8](repeating: 7, count: 12 << 20)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.put(.test, BlobSource(bytes))
    }
    #expect(error?.code == .targetFailed)
    #expect(error?.message.contains("full") == true)
    // The server may see the end of another part only after it.
    let taken = try #require(server.requests.first { $0.method == "DELETE" })
    #expect(taken.value("uploadId") == "u%201")
    await server.close()
  }

  /// Who put waits for the error, not for a server that does not take the parts back.
  @Test func takingPartsBackHasItsLimit() async throws {
    let server = try await ScriptedServer { request, _ in
      switch request.method {
      case "HEAD": ScriptedAnswer(404)
      case "POST":
        ScriptedAnswer(
          200,
          "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
      case "DELETE": ScriptedAnswer(503, Self.error("SlowDown"), [("retry-after", "60")])
      default: ScriptedAnswer(403, Self.error("QuotaExceeded"))
      }
    }
    let target = try S3Target(of: server) { $0.partSize = 5 << 20 }
    let clock = ContinuousClock()
    let began = clock.now
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.put(.test, BlobSource([UInt8](repeating: 7, count: 6 << 20)))
    }
    // The server wants to be asked again after a minute, and so twice.
    #expect(began.duration(to: clock.now) < .seconds(60))
    #expect(error?.code == .targetFailed)
    #expect(error?.message.contains("full") == true)
    #expect(server.requests.contains { $0.method == "DELETE" })
    await server.close()
  }

  @Test func anErrorWithinASuccessIsAnError() async throws {
    let server = try await ScriptedServer { request, _ in
      switch (request.method, request.value("uploadId")) {
      case ("HEAD", _): ScriptedAnswer(404)
      case ("POST", nil):
        ScriptedAnswer(
          200,
          "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
      case ("POST", _): ScriptedAnswer(200, Self.error("InternalError"))
      case ("PUT", _): ScriptedAnswer(200, "", [("etag", "\"1\"")])
      default: ScriptedAnswer(204)
      }
    }
    let target = try S3Target(of: server) { $0.partSize = 5 << 20 }
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.put(.test, BlobSource([UInt8](repeating: 7, count: 6 << 20)))
    }
    #expect(error?.code == .temporary)
    await server.close()
  }

  // MARK: Listing

  @Test func namesThatAreNotOursAreLeftAlone() async throws {
    let keys = [
      "folder/packs/", "folder/packs/00/ok", "folder/packs/00/.hidden", "folder/packs/Ü", "other/x",
      "folder/packs/zz",
    ]
    let server = try await ScriptedServer { _, _ in
      ScriptedAnswer(
        200,
        "<ListBucketResult><IsTruncated>false</IsTruncated>"
          + keys.map { "<Contents><Key>\($0)</Key><Size>1</Size></Contents>" }.joined()
          + "</ListBucketResult>")
    }
    let listed = try await S3Target(of: server).list("packs/", after: nil, limit: 100)
    #expect(listed.map(\.name.description) == ["packs/00/ok", "packs/zz"])
    #expect(server.requests.last?.value("prefix") == "folder%2Fpacks%2F")
    await server.close()
  }

  @Test func aListingThatGoesRoundOrBackIsRefused() async throws {
    let server = try await ScriptedServer { request, _ in
      ScriptedAnswer(
        200,
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>same"
          + "</NextContinuationToken></ListBucketResult>")
    }
    let circular = try S3Target(of: server)
    let round = await failure { () async throws(ChunkStoreError) in
      try await circular.list("packs/", after: nil, limit: 100)
    }
    #expect(round?.code == .targetFailed)
    await server.close()
    let unsorted = try await ScriptedServer { _, _ in
      ScriptedAnswer(
        200,
        "<ListBucketResult>"
          + ["b", "a"].map { "<Contents><Key>folder/\($0)</Key><Size>1</Size></Contents>" }.joined()
          + "</ListBucketResult>")
    }
    let disordered = try S3Target(of: unsorted)
    let back = await failure { () async throws(ChunkStoreError) in
      try await disordered.list("", after: nil, limit: 100)
    }
    #expect(back?.code == .targetFailed)
    await unsorted.close()
  }
}
