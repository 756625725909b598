import CairnCrypto
import Testing

@testable import CairnS3

/// The examples of "Authenticating Requests: Using the Authorization Header" in the Amazon S3 API
/// Reference.
@Suite struct SignatureTests {
  private static let time = Timestamp(extended: "2013-05-24T00:00:00Z")!

  private static let signature = SignatureV4(
    credentials: S3Credentials(
      accessKeyID: "AKIAIOSFODNN7EXAMPLE",
      secretAccessKey: SecretBytes(utf8: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")),
    region: "us-east-1")

  private static let host = (name: "host", value: "examplebucket.s3.amazonaws.com")

  private func authorization(_ request: SignatureV4.Request) -> String? {
    Self.signature.headers(of: request, at: Self.time).first { $0.name == "authorization" }?.value
  }

  private func digest(_ text: String) -> Digest {
    let bytes = Array(text.utf8)
    return SHA256.hash(of: bytes.span.bytes)
  }

  @Test func ofARange() {
    let header = authorization(
      SignatureV4.Request(
        method: "GET", path: "/test.txt", query: [],
        headers: [Self.host, (name: "range", value: "bytes=0-9")], payload: digest("")))
    #expect(
      header
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
        + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
  }

  @Test func ofAPut() {
    let header = authorization(
      SignatureV4.Request(
        method: "PUT", path: "/" + PercentEncoding.encode("test$file.text", keepsSlashes: true),
        query: [],
        headers: [
          Self.host, (name: "date", value: "Fri, 24 May 2013 00:00:00 GMT"),
          (name: "x-amz-storage-class", value: "REDUCED_REDUNDANCY"),
        ], payload: digest("Welcome to Amazon S3.")))
    #expect(
      header?.hasSuffix(
        "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd") == true)
  }

  @Test func ofAQueryWithoutValue() {
    let header = authorization(
      SignatureV4.Request(
        method: "GET", path: "/", query: [("lifecycle", "")], headers: [Self.host],
        payload: digest("")))
    #expect(
      header?.hasSuffix(
        "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543") == true)
  }

  @Test func ofAListing() {
    let header = authorization(
      SignatureV4.Request(
        method: "GET", path: "/", query: [("prefix", "J"), ("max-keys", "2")], headers: [Self.host],
        payload: digest("")))
    #expect(
      header?.hasSuffix(
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7") == true)
  }
}
