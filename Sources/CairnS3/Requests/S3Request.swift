#if S3
  import CairnChunks
  import CairnCrypto

  /// A request of a bucket, before it is addressed and signed.
  struct S3Request: Sendable {
    enum Body: Sendable {
      case none
      case bytes([UInt8])
      /// Read while it is sent.
      case part(BlobSource, Range<Int64>)
    }

    enum Method: String, Sendable {
      case get = "GET"
      case head = "HEAD"
      case put = "PUT"
      case post = "POST"
      case delete = "DELETE"
    }

    var method: Method
    /// The key within the bucket; empty for the bucket itself.
    var key = ""
    var query: [(name: String, value: String)] = []
    /// Names in lower case.
    var headers: [(name: String, value: String)] = []
    var body = Body.none
    /// The SHA-256 of the body.
    var payload = Self.ofNothing

    static let ofNothing = SHA256.hash(of: [UInt8]().span.bytes)

    init(_ method: Method, key: String = "") {
      self.method = method
      self.key = key
    }
  }

  /// What came back of a request that succeeded.
  struct S3Answer: Sendable {
    let status: Int
    /// By name in lower case; the first of several of one name.
    let headers: [String: String]
    let body: [UInt8]
  }
#endif
