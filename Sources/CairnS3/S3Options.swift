#if S3
  public import SystemPackage

  /// Which bucket of which S3-compatible server, and how it is used.
  public struct S3Options: Sendable {
    /// How a bucket is part of the address.
    public enum Addressing: Sendable, Hashable {
      /// The bucket's name before the server's (`https://bucket.host/key`).
      case virtualHost
      /// The bucket's name as the first part of the path (`https://host/bucket/key`).
      case path
    }

    /// How a server keeps what a client writes from replacing what is there.
    public enum ConditionalPut: Sendable, Hashable {
      /// Looks first whether a blob is there, and asks for the condition too: right for every server,
      /// and one request more for each blob. On a server that ignores the condition, or refuses it and
      /// is then asked without, of two processes that put different bytes under one name at once, the
      /// second wins.
      case lookFirst
      /// Relies on the server's `If-None-Match: *`, which Amazon S3 has had since 2024.
      case relied
    }

    /// How the server encrypts what is at rest there, beyond what the store encrypts itself.
    public enum ServerSideEncryption: Sendable, Hashable {
      /// With keys of the server's (`AES256`).
      case managed
      /// With a key of the key management service, or its default key (`aws:kms`).
      case keyManagement(keyID: String?)
    }

    /// For how long nobody can delete a pack, in a bucket made with object lock.
    ///
    /// A collection that wants to delete a pack before gets the server's refusal, or, where the bucket
    /// keeps versions, hides it; it is there until then in either case.
    public struct ObjectLock: Sendable, Hashable {
      public enum Mode: String, Sendable {
        /// Who has a special permission can lift it.
        case governance = "GOVERNANCE"
        /// Nobody can.
        case compliance = "COMPLIANCE"
      }
      public var mode: Mode
      /// From the time of the put on.
      public var days: Int

      public init(_ mode: Mode, days: Int) {
        self.mode = mode
        self.days = days
      }
    }

    public var bucket: String
    /// Folders within the bucket, without a "/" before and behind; empty for the bucket itself.
    public var prefix: String
    /// Part of every signature; a server of one's own usually takes any.
    public var region: String
    /// The server, such as `https://storage.example:9000`; `nil` for Amazon's of the region.
    public var endpoint: String?
    /// `nil`: in the path with an endpoint of one's own, or where the bucket's name has a "." and so
    /// fits no certificate; else before the host.
    public var addressing: Addressing?
    /// A file of certificates (PEM) that the server's must derive from; `nil` for the system's.
    public var certificateAuthority: FilePath?
    /// `STANDARD_IA`, say; `nil` for the bucket's default.
    public var storageClass: String?
    public var encryption: ServerSideEncryption?
    public var objectLock: ObjectLock?
    public var conditionalPut: ConditionalPut

    /// Blobs that are larger go in parts of this many bytes, two at a time.
    ///
    /// - 16 MiB: a pack of the standard size is one request; 10,000 parts, the most there may be, make
    ///   156 GiB.
    public var partSize: Int
    /// Larger reads are made of several at a time.
    ///
    /// - 8 MiB: a pack in two, while the second request waits the first is served.
    public var readSize: Int
    /// The most connections at a time; HTTP/2 needs one.
    ///
    /// - 32: what a listing of a repository's packs keeps under way.
    public var connections: Int
    /// How often a request is tried in all that failed for a reason that may pass.
    ///
    /// - 6: with waits that double from 0.1 s on, some 3 s; a server that restarts takes longer, and
    ///   wants a target around this one that tries again.
    public var attempts: Int
    /// The seconds that a connection, an answer's beginning, and each silence within it may take.
    public var timeout: Int
    /// The most blobs that one answer lists: as many as servers give.
    var pageSize = 1000

    public init(
      bucket: String, prefix: String = "", region: String = "us-east-1", endpoint: String? = nil
    ) {
      self.bucket = bucket
      self.prefix = prefix
      self.region = region
      self.endpoint = endpoint
      conditionalPut = .lookFirst
      partSize = 16 << 20
      readSize = 8 << 20
      connections = 32
      attempts = 6
      timeout = 60
    }
  }
#endif
