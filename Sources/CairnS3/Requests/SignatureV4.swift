#if S3
  import CairnCrypto

  /// Amazon's Signature Version 4 of a request, in its `Authorization` header ("Authenticating
  /// Requests: Using the Authorization Header", Amazon S3 API Reference).
  struct SignatureV4 {
    let credentials: S3Credentials
    let region: String
    let service = "s3"

    /// A request as it is signed.
    struct Request {
      let method: String
      /// Percent-encoded, from its first "/" on.
      let path: String
      /// Not encoded.
      let query: [(name: String, value: String)]
      /// All that are signed, `host` among them; names in lower case.
      let headers: [(name: String, value: String)]
      /// The SHA-256 of the body.
      let payload: Digest
    }

    /// The headers to send with the request beyond its own.
    func headers(of request: Request, at time: Timestamp) -> [(name: String, value: String)] {
      var added = [
        ("x-amz-content-sha256", request.payload.description), ("x-amz-date", time.text),
      ]
      if let token = credentials.sessionToken { added.append(("x-amz-security-token", token)) }
      let signed = (request.headers + added).sorted { $0.name < $1.name }
      let names = signed.map(\.name).joined(separator: ";")
      let canonical = [
        request.method, request.path, Self.encoded(request.query),
        signed.map { "\($0.name):\(Self.trimmed($0.value))\n" }.joined(), names,
        request.payload.description,
      ].joined(separator: "\n")
      let scope = "\(time.day)/\(region)/\(service)/aws4_request"
      let toSign = [
        "AWS4-HMAC-SHA256", time.text, scope, Self.digest(canonical).description,
      ].joined(separator: "\n")
      let signature = Self.authenticate(toSign, key(of: time.day))
      let authorization =
        "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope),"
        + "SignedHeaders=\(names),Signature=\(signature)"
      return added + [("authorization", authorization)]
    }

    /// A query in the order and the form in which it is signed and sent.
    static func encoded(_ query: [(name: String, value: String)]) -> String {
      query.map { (PercentEncoding.encode($0.name), PercentEncoding.encode($0.value)) }
        .sorted { $0 < $1 }
        .map { "\($0)=\($1)" }.joined(separator: "&")
    }

    /// Without spaces around, and one where there are several.
    private static func trimmed(_ value: String) -> String {
      value.split(separator: " ").joined(separator: " ")
    }

    private func key(of day: String) -> SecretBytes {
      let prefix = Array("AWS4".utf8)
      let first = credentials.secretAccessKey.withBytes { secret in
        var bytes = prefix
        for index in 0..<secret.byteCount {
          bytes.append(secret.unsafeLoad(fromByteOffset: index, as: UInt8.self))
        }
        return SecretBytes(copying: bytes.span.bytes)
      }
      return [day, region, service, "aws4_request"].reduce(first) { key, part in
        Self.authenticate(part, key).withBytes { SecretBytes(copying: $0) }
      }
    }

    private static func authenticate(_ text: String, _ key: SecretBytes) -> Digest {
      let bytes = Array(text.utf8)
      return HMACSHA256.authenticate(bytes.span.bytes, key: key)
    }

    private static func digest(_ text: String) -> Digest {
      let bytes = Array(text.utf8)
      return SHA256.hash(of: bytes.span.bytes)
    }
  }
#endif
