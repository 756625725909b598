import CairnChunks
import CairnCore
import CairnCrypto
import Testing

@testable import CairnS3

/// The ways in which servers differ from Amazon's: Ceph, MinIO, Garage, R2 and others.
@Suite struct OtherServerTests {
  private static let content = Array("what is stored".utf8)

  // MARK: Listings

  private static func listing(_ root: String, _ end: String, _ prefix: String = "") -> String {
    "<\(root)><\(prefix)Contents><\(prefix)Key>folder/packs/a</\(prefix)Key>"
      + "<\(prefix)LastModified>2026-11-21T00:00:00.000Z</\(prefix)LastModified>"
      + "<\(prefix)ETag>0f</\(prefix)ETag><\(prefix)Size>3</\(prefix)Size>"
      + "<\(prefix)Owner><\(prefix)ID/></\(prefix)Owner></\(prefix)Contents></\(end)>"
  }

  static let listings = [
    // Without a namespace, with another, with one that has a prefix.
    listing("ListBucketResult", "ListBucketResult"),
    listing(#"ListBucketResult xmlns="https://s3.example/other/""#, "ListBucketResult"),
    listing(
      #"s3:ListBucketResult xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/""#,
      "s3:ListBucketResult", "s3:"),
    // Encoded with small letters, with a declaration, and with comments.
    """
    <?xml version='1.0' encoding='utf-8'?>
    <!-- a page --><ListBucketResult><EncodingType>url</EncodingType><KeyCount>1</KeyCount>
    <IsTruncated>false</IsTruncated><NextContinuationToken></NextContinuationToken>
    <Contents><Key>folder%2fpacks%2fa</Key><Size>3</Size></Contents></ListBucketResult>
    """,
    // Encoded, but for the slashes, and folders with a key of their own.
    "<ListBucketResult><EncodingType>url</EncodingType>"
      + "<Contents><Key>folder/packs/</Key><Size>0</Size></Contents>"
      + "<Contents><Key>folder/packs/a</Key><Size>3</Size></Contents></ListBucketResult>",
  ]

  @Test(arguments: listings, [false, true])
  func theirListingsAreRead(text: String, isChunked: Bool) async throws {
    let server = try await ScriptedServer { _, _ in
      var answer = ScriptedAnswer(200, text)
      answer.isChunked = isChunked
      return answer
    }
    let target = try S3Target(of: server)
    let expected = [BlobInfo(name: BlobName("packs/a")!, size: 3)]
    #expect(try await target.list("packs/", after: nil, limit: 10) == expected)
    var blobs: [BlobInfo] = []
    try await target.forEachBlob("") { blobs.append($0) }
    #expect(blobs == expected)
    await server.close()
  }

  /// Tokens are whatever a server makes of them: they come back as they were.
  @Test(arguments: [
    ("1/+==", "1%2F%2B%3D%3D"), ("folder/packs/a b", "folder%2Fpacks%2Fa%20b"),
    ("[null]&amp;&lt;é%2F", "%5Bnull%5D%26%3C%C3%A9%252F"),
  ])
  func tokensComeBackAsTheyWere(token: String, sent: String) async throws {
    let server = try await ScriptedServer { request, _ in
      let isFirst = request.value("continuation-token") == nil
      let next = "<NextContinuationToken>\(token)</NextContinuationToken>"
      return ScriptedAnswer(
        200,
        "<ListBucketResult><IsTruncated>\(isFirst)</IsTruncated>\(isFirst ? next : "")"
          + "<Contents><Key>folder/\(isFirst ? "a" : "b")</Key><Size>1</Size></Contents>"
          + "</ListBucketResult>")
    }
    let blobs = try await S3Target(of: server).list("", after: nil, limit: 10)
    #expect(blobs.map(\.name.description) == ["a", "b"])
    #expect(server.requests.last?.value("continuation-token") == sent)
    await server.close()
  }

  // MARK: Reading

  /// Parts of a body with no length named before, and the whole of it where a part was asked for.
  @Test func bodiesComeWithoutALength() async throws {
    let server = try await ScriptedServer { request, _ in
      var answer = ScriptedAnswer(206, "what is", [("content-range", "bytes 0-6/14")])
      if request.header("range") != "bytes=0-6" {
        answer = ScriptedAnswer(200)
        answer.body = Self.content
      }
      answer.isChunked = true
      return answer
    }
    let target = try S3Target(of: server)
    #expect(try await target.get(.test, range: 0..<7) == Array(Self.content.prefix(7)))
    #expect(try await target.get(.test, range: nil) == Self.content)
    await server.close()
  }

  @Test func aServerWithoutRangesIsNoPlaceForAStore() async throws {
    let server = try await ScriptedServer { _, _ in ScriptedAnswer(200, "what is stored") }
    let target = try S3Target(of: server)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.get(.test, range: 5..<50)
    }
    #expect(error?.code == .targetFailed)
    #expect(error?.message.contains("knows no ranges") == true, "\(error?.message ?? "")")
    await server.close()
  }

  // MARK: Writing

  @Test(arguments: [200, 204, 404])
  func deletionsAreAnsweredInSeveralWays(status: Int) async throws {
    let server = try await ScriptedServer { _, _ in ScriptedAnswer(status) }
    try await S3Target(of: server).delete(.test)
    #expect(server.requests.map(\.method) == ["DELETE"])
    await server.close()
  }

  @Test func aServerThatIsBusyGetsTheWholeBodyAgain() async throws {
    let bytes = (0..<700_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let server = try await ScriptedServer { request, count in
      switch request.method {
      case "HEAD": ScriptedAnswer(404)
      // Without a word, as a proxy before the server answers.
      default: ScriptedAnswer(count == 1 ? 503 : 200)
      }
    }
    try await S3Target(of: server).put(.test, BlobSource(bytes))
    #expect(server.requests.map(\.method) == ["HEAD", "PUT", "PUT"])
    #expect(server.requests.dropFirst().allSatisfy { $0.body == bytes })
    await server.close()
  }

  /// The tags of parts are given back as they came: without quotes, in small letters, whatever.
  @Test(arguments: ["0f-1", "\"0F\"", "W/\"a&b\""])
  func tagsComeBackAsTheyWere(tag: String) async throws {
    let server = try await ScriptedServer { request, _ in
      switch (request.method, request.value("uploadId")) {
      case ("HEAD", _): ScriptedAnswer(404)
      case ("POST", nil):
        ScriptedAnswer(
          200,
          "<InitiateMultipartUploadResult xmlns='x'><UploadId>2~A/b+</UploadId>"
            + "</InitiateMultipartUploadResult>")
      case ("POST", _):
        ScriptedAnswer(
          200,
          "  \n<CompleteMultipartUploadResult><ETag>0f-2</ETag></CompleteMultipartUploadResult>")
      default: ScriptedAnswer(200, "", [("ETag", tag)])
      }
    }
    let target = try S3Target(of: server) { $0.partSize = 5 << 20 }
    try await target.put(.test, BlobSource([UInt8](repeating: 7, count: 6 << 20)))
    let last = try #require(server.requests.last)
    let text = String(decoding: last.body, as: UTF8.self)
    let escaped = tag.replacing("&", with: "&amp;")
    for part in 1...2 {
      #expect(text.contains("<Part><PartNumber>\(part)</PartNumber><ETag>\(escaped)</ETag></Part>"))
    }
    #expect(last.value("uploadId") == "2~A%2Fb%2B")
    await server.close()
  }

  // MARK: Headers

  private static let optional = [
    "x-amz-storage-class", "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
  ]

  static let choices: [(@Sendable (inout S3Options) -> Void, [String: String])] = [
    ({ _ in }, [:]),
    ({ $0.storageClass = "GLACIER_IR" }, ["x-amz-storage-class": "GLACIER_IR"]),
    ({ $0.encryption = .managed }, ["x-amz-server-side-encryption": "AES256"]),
    ({ $0.encryption = .keyManagement(keyID: nil) }, ["x-amz-server-side-encryption": "aws:kms"]),
    (
      { $0.encryption = .keyManagement(keyID: "arn:aws:kms:eu:1:key/2") },
      [
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu:1:key/2",
      ]
    ),
  ]

  /// An empty bucket that takes blobs, whole and in parts.
  private static let takesEverything: ScriptedServer.Script = { request, _ in
    switch (request.method, request.value("uploadId")) {
    case ("HEAD", _): ScriptedAnswer(404)
    case ("POST", nil):
      ScriptedAnswer(
        200,
        "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
    case ("POST", _):
      ScriptedAnswer(
        200, "<CompleteMultipartUploadResult><ETag>0f</ETag></CompleteMultipartUploadResult>")
    default: ScriptedAnswer(200, "", [("etag", "0f")])
    }
  }

  /// They go with a blob that is put whole, and with the beginning of one in parts; not with a part.
  @Test(arguments: choices.indices) func onlyWhatIsWantedIsSent(choice: Int) async throws {
    let (change, expected) = Self.choices[choice]
    let server = try await ScriptedServer(Self.takesEverything)
    let target = try S3Target(of: server) {
      $0.partSize = 5 << 20
      change(&$0)
    }
    try await target.put(.test, BlobSource(Self.content))
    try await target.put(.test, BlobSource([UInt8](repeating: 7, count: 6 << 20)))
    for request in server.requests where request.method != "HEAD" {
      let isPart = request.value("uploadId") != nil
      for name in Self.optional {
        #expect(
          request.header(name) == (isPart ? nil : expected[name]), "\(request.uri): \(name)")
      }
    }
    await server.close()
  }

  /// A server takes no part of a locked blob without a checksum, and the blob not without all.
  @Test func aLockedBlobInPartsHasItsChecksums() async throws {
    let server = try await ScriptedServer(Self.takesEverything)
    let target = try S3Target(of: server) {
      $0.partSize = 5 << 20
      $0.objectLock = .init(.governance, days: 1)
    }
    try await target.put(.test, BlobSource([UInt8](repeating: 7, count: 6 << 20)))
    let start = try #require(server.requests.first { $0.method == "POST" })
    #expect(start.header("x-amz-object-lock-mode") == "GOVERNANCE")
    #expect(start.header("x-amz-checksum-algorithm") == "SHA256")
    let parts = server.requests.filter { $0.method == "PUT" }
    #expect(parts.count == 2)
    let end = String(decoding: try #require(server.requests.last).body, as: UTF8.self)
    for part in parts {
      let checksum = S3Target.checksum(SHA256.hash(of: part.body.span.bytes))
      #expect(part.header("x-amz-checksum-sha256") == checksum)
      #expect(
        end.contains(
          "<PartNumber>\(part.value("partNumber")!)</PartNumber><ETag>0f</ETag>"
            + "<ChecksumSHA256>\(checksum)</ChecksumSHA256>"))
    }
    await server.close()
  }

  @Test func aLockIsOfTheWantedKindAndOfPacksOnly() async throws {
    let server = try await ScriptedServer { request, _ in
      ScriptedAnswer(request.method == "HEAD" ? 404 : 200)
    }
    var options = S3Options(bucket: "bucket", endpoint: server.endpoint)
    options.objectLock = .init(.compliance, days: 366)
    let noon = try #require(Timestamp(extended: "2027-12-31T12:00:00Z"))
    let target = try S3Target(
      options, credentials: FixedCredentials(.ofTests), now: { noon })
    try await target.put(.test, BlobSource(Self.content))
    let pack = try #require(server.requests.last)
    #expect(pack.header("x-amz-object-lock-mode") == "COMPLIANCE")
    #expect(pack.header("x-amz-object-lock-retain-until-date") == "2028-12-31T12:00:00Z")
    // Without one of these a server takes no lock.
    #expect(pack.header("x-amz-sdk-checksum-algorithm") == "SHA256")
    #expect(
      pack.header("x-amz-checksum-sha256") == "EsQ0+zWUgOEwcJ+0ed1P36XOkZsm4u6yEWOifGCDDCg=")
    for other in ["cairn", "index/a", "roots/a", "packs-of-others"] {
      try await target.put(BlobName(other)!, BlobSource(Self.content))
      #expect(server.requests.last?.header("x-amz-object-lock-mode") == nil)
      #expect(server.requests.last?.header("x-amz-checksum-sha256") == nil)
    }
    await server.close()
  }
}
