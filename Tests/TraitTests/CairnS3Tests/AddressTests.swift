import CairnChunks
import Testing

@testable import CairnS3

@Suite struct AddressTests {
  @Test func ofAmazon() throws {
    let address = try BucketAddress(S3Options(bucket: "bucket", region: "eu-west-3"))
    #expect(address.origin == "https://bucket.s3.eu-west-3.amazonaws.com")
    #expect(address.host == "bucket.s3.eu-west-3.amazonaws.com")
    #expect(address.path(of: "a b/c") == "/a%20b/c")
    let chinese = try BucketAddress(S3Options(bucket: "bucket", region: "cn-north-1"))
    #expect(chinese.host == "bucket.s3.cn-north-1.amazonaws.com.cn")
    let dotted = try BucketAddress(S3Options(bucket: "my.bucket"))
    #expect(dotted.host == "s3.us-east-1.amazonaws.com")
    #expect(dotted.path(of: "") == "/my.bucket/")
  }

  @Test func ofAServerOfOnesOwn() throws {
    var options = S3Options(bucket: "bucket", endpoint: "http://localhost:9000/storage/")
    let path = try BucketAddress(options)
    #expect(path.origin == "http://localhost:9000")
    #expect(path.path(of: "k") == "/storage/bucket/k")
    options.addressing = .virtualHost
    let host = try BucketAddress(options)
    #expect(host.host == "bucket.localhost:9000")
    #expect(host.path(of: "k") == "/storage/k")
    options.endpoint = "https://storage.example:443"
    #expect(try BucketAddress(options).host == "bucket.storage.example")
    options.endpoint = "http://[::1]:9000"
    options.addressing = .path
    #expect(try BucketAddress(options).host == "[::1]:9000")
  }

  @Test(arguments: ["", "ab", "Bucket", "a/b", "a..b", "-ab", "ab-", "a b", "bücket"])
  func whatIsNoBucketIsRefused(name: String) {
    #expect(throws: ChunkStoreError.self) { try BucketAddress(S3Options(bucket: name)) }
  }

  @Test(arguments: [
    "", "localhost:9000", "ftp://host", "https://", "https://user@host", "https://host?a=b",
    "http://host:0", "http://host:99999",
  ])
  func whatIsNoEndpointIsRefused(endpoint: String) {
    let error = #expect(throws: ChunkStoreError.self) {
      try BucketAddress(S3Options(bucket: "bucket", endpoint: endpoint))
    }
    #expect(error?.code == .invalid)
  }
}
