#if S3
  public import CairnChunks
  import Synchronization

  /// A bucket, or a folder of one, on Amazon S3 or a server that speaks as it does.
  ///
  /// What `Target` asks for is kept where the server is consistent, as Amazon's has been since 2020 and
  /// the usual others are: a blob is there whole when its put has returned, and listed. Blobs are keys
  /// below ``S3Options/prefix``; keys that are no names of blobs are left alone.
  ///
  /// Each request is signed (Signature Version 4) with the digest of its body, which the server checks.
  /// A request that fails for a reason that may pass is sent again, ``S3Options/attempts`` times in all,
  /// with growing waits or after the time that the server asks for.
  ///
  /// Memory: what is put is read while it is sent; what is got is held once. Any call may be made from
  /// any task at any time; a cancelled task gets `.cancelled`.
  public final class S3Target: Target {
    public let name: String
    let options: S3Options
    let client: S3Client
    let prefix: String
    /// Whether the server has said that it has the bucket.
    private let isBucketKnown = Mutex(false)
    let turns = PutTurns()
    /// Whether puts go with a condition: until the server has refused one for that alone.
    let knowsConditions = Mutex(true)

    /// Talks to nobody yet.
    ///
    /// - Throws: `ChunkStoreError`: `.invalid` for options that cannot be.
    public convenience init(
      _ options: S3Options, credentials: any S3CredentialsProvider = CredentialsChain.standard
    ) throws(ChunkStoreError) {
      try self.init(options, credentials: credentials, now: { .now })
    }

    init(
      _ options: S3Options, credentials: any S3CredentialsProvider,
      now: @escaping @Sendable () -> Timestamp
    ) throws(ChunkStoreError) {
      guard (5 << 20...1 << 30).contains(options.partSize) else {
        throw ChunkStoreError(.invalid, "the parts of an upload have 5 MiB to 1 GiB")
      }
      guard (64 << 10...1 << 30).contains(options.readSize) else {
        throw ChunkStoreError(.invalid, "one read has 64 KiB to 1 GiB")
      }
      guard (1...1000).contains(options.connections), (1...100).contains(options.attempts),
        (1...3600).contains(options.timeout), options.objectLock.map({ $0.days > 0 }) != false
      else {
        throw ChunkStoreError(
          .invalid,
          "connections are 1 to 1,000, attempts 1 to 100, the timeout 1 to 3,600 s, and a lock has at "
            + "least a day")
      }
      let parts = options.prefix.split(separator: "/", omittingEmptySubsequences: true)
      prefix = parts.map { $0 + "/" }.joined()
      guard prefix.utf8.count <= 800 else {
        throw ChunkStoreError(.invalid, "the folder within the bucket has at most 800 bytes")
      }
      name = "s3://\(options.bucket)" + (parts.isEmpty ? "" : "/" + parts.joined(separator: "/"))
      client = try S3Client(options, BucketAddress(options), credentials, now: now)
      self.options = options
    }

    func key(_ blob: BlobName) -> String { prefix + blob.description }

    /// The blob that a key is, if it is one of ours.
    func blob(_ key: String) -> BlobName? {
      guard key.utf8.starts(with: prefix.utf8) else { return nil }
      return BlobName(String(decoding: key.utf8.dropFirst(prefix.utf8.count), as: UTF8.self))
    }

    public func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
      if let size = try await head(name)?.size { return size }
      try await requireBucket(for: name)
      return nil
    }

    /// Throws if there is no such bucket, which has lost nothing. The answer to a HEAD does not tell that
    /// from a blob that is not there, so the first time the server is asked in another way.
    private func requireBucket(for name: BlobName) async throws(ChunkStoreError) {
      guard !isBucketKnown.withLock({ $0 }) else { return }
      var request = S3Request(.get, key: key(name))
      request.headers = [("range", "bytes=0-0")]
      do throws(S3Failure) {
        // A server without ranges sends the whole blob, which is not wanted.
        _ = try await client.send(request, limit: 1)
      } catch {
        switch error.kind {
        case .missing, .beyondEnd: break
        case .permanent where error.code != S3Failure.noSuchBucket: break
        default: throw error.error("look for", name, on: self.name)
        }
      }
      isBucketKnown.withLock { $0 = true }
    }

    /// What the server says of a blob without sending it.
    func head(
      _ name: BlobName
    ) async throws(ChunkStoreError) -> (size: Int64, digest: String?)? {
      do throws(S3Failure) {
        let answer = try await client.send(S3Request(.head, key: key(name)))
        guard let size = answer.headers["content-length"].flatMap({ Int64($0) }),
          size >= 0
        else { throw S3Failure(.permanent, "the server does not tell the blob's size") }
        return (size, answer.headers[Self.digestHeader])
      } catch {
        if case .missing = error.kind { return nil }
        throw error.error("look for", name, on: self.name)
      }
    }

    /// The SHA-256 of what was put, kept with it, so that putting it again need not read it.
    static let digestHeader = "x-amz-meta-cairn-sha256"

    public func delete(_ name: BlobName) async throws(ChunkStoreError) {
      do throws(S3Failure) {
        _ = try await client.send(S3Request(.delete, key: key(name)))
      } catch {
        if case .missing = error.kind { return }
        throw error.error("delete", name, on: self.name)
      }
    }
  }
#endif
