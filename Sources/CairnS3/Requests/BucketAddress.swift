#if S3
  import CairnChunks
  import Foundation

  /// Where the requests of a bucket go.
  struct BucketAddress {
    /// Scheme, host and port.
    let origin: String
    /// The `Host` header.
    let host: String
    /// Before a key, percent-encoded, with a "/" behind it.
    private let path: String

    /// - Throws: `ChunkStoreError`: `.invalid` for an endpoint or a bucket that cannot be.
    init(_ options: S3Options) throws(ChunkStoreError) {
      let bucket = options.bucket
      guard (3...63).contains(bucket.utf8.count),
        bucket.utf8.allSatisfy(Self.isAllowed), !bucket.contains(".."),
        bucket.first != ".", bucket.first != "-", bucket.last != ".", bucket.last != "-"
      else {
        throw ChunkStoreError(
          .invalid,
          "'\(bucket)' cannot be a bucket: a name has 3 to 63 letters a to z, digits, \"-\" and \".\""
        )
      }
      guard !options.region.isEmpty, options.region.utf8.allSatisfy(Self.isAllowed) else {
        throw ChunkStoreError(.invalid, "'\(options.region)' cannot be a region")
      }
      let text = options.endpoint ?? Self.amazon(options.region)
      guard let url = URL(string: text), let scheme = url.scheme?.lowercased(),
        scheme == "http" || scheme == "https", let host = url.host(percentEncoded: true),
        !host.isEmpty, url.query == nil, url.fragment == nil, url.user() == nil,
        (url.port ?? 1) > 0, (url.port ?? 1) < 65536
      else {
        throw ChunkStoreError(
          .invalid,
          "'\(text)' cannot be an endpoint: it looks like https://host or https://host:port")
      }
      let isOwn = options.endpoint != nil
      let addressing =
        options.addressing ?? (isOwn || bucket.contains(".") ? .path : .virtualHost)
      let bracketed = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
      let server = addressing == .virtualHost ? "\(bucket).\(bracketed)" : bracketed
      let isUsualPort = url.port == nil || url.port == (scheme == "https" ? 443 : 80)
      self.host = isUsualPort ? server : "\(server):\(url.port!)"
      origin = "\(scheme)://\(self.host)"
      var base = url.path(percentEncoded: true)
      while base.hasSuffix("/") { base.removeLast() }
      path = addressing == .path ? "\(base)/\(bucket)/" : "\(base)/"
    }

    /// From its "/" on.
    func path(of key: String) -> String {
      path + PercentEncoding.encode(key, keepsSlashes: true)
    }

    private static func amazon(_ region: String) -> String {
      "https://s3.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "."):
        true
      default: false
      }
    }
  }
#endif
