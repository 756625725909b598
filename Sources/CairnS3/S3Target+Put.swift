#if S3
  public import CairnChunks
  import CairnCore
  import CairnCrypto
  import Foundation
  import Synchronization

  extension S3Target {
    public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
      guard options.conditionalPut == .lookFirst else { return try await putNew(name, source) }
      // Where looking decides, at least the tasks of this process do not replace one another's blobs.
      guard await turns.begin(name) else {
        throw S3Failure(.cancelled, "").error("write", name, on: self.name)
      }
      defer { turns.end(name) }
      if let present = try await head(name) {
        return try await requireSame(name, source, present)
      }
      try await putNew(name, source)
    }

    private func putNew(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
      let digest = try await digest(of: source, name)
      do throws(S3Failure) {
        if source.byteCount > options.partSize {
          try await MultipartUpload(self, name, source, digest).run()
        } else {
          try await putWhole(name, source, digest)
        }
      } catch {
        if case .exists = error.kind, let present = try await head(name) {
          return try await requireSame(name, source, present)
        }
        throw error.error("write", name, on: self.name)
      }
    }

    private func digest(
      of source: BlobSource, _ name: BlobName
    ) async throws(ChunkStoreError) -> Digest {
      do {
        return try await source.digest(of: 0..<source.byteCount)
      } catch {
        throw ChunkStoreError(
          .targetFailed, "cannot read what is to become \(name)", blob: name, cause: error)
      }
    }

    private func putWhole(
      _ name: BlobName, _ source: BlobSource, _ digest: Digest
    ) async throws(S3Failure) {
      var request = S3Request(.put, key: key(name))
      request.headers = headers(of: name, digest)
      if isLocked(name) {
        request.headers.append(("x-amz-sdk-checksum-algorithm", "SHA256"))
        request.headers.append((Self.checksumHeader, Self.checksum(digest)))
      }
      request.body = source.byteCount > 0 ? .part(source, 0..<source.byteCount) : .none
      request.payload = digest
      _ = try await sendIfAbsent(request)
    }

    /// Sends the request that makes a blob, on the condition that there is none; without it to a server
    /// that refuses conditions, as OpenStack Swift does, if it was looked before.
    func sendIfAbsent(_ request: S3Request) async throws(S3Failure) -> S3Answer {
      if knowsConditions.withLock({ $0 }) {
        var conditional = request
        conditional.headers.append(("if-none-match", "*"))
        do throws(S3Failure) {
          return try await client.send(conditional)
        } catch {
          guard options.conditionalPut == .lookFirst, error.code == "NotImplemented" else {
            throw error
          }
        }
      }
      let answer = try await client.send(request)
      // It was the condition.
      knowsConditions.withLock { $0 = false }
      return answer
    }

    /// What goes with a new blob.
    func headers(of name: BlobName, _ digest: Digest) -> [(name: String, value: String)] {
      var headers = [(name: Self.digestHeader, value: digest.description)]
      if let storageClass = options.storageClass {
        headers.append(("x-amz-storage-class", storageClass))
      }
      switch options.encryption {
      case nil: break
      case .managed: headers.append(("x-amz-server-side-encryption", "AES256"))
      case .keyManagement(let key):
        headers.append(("x-amz-server-side-encryption", "aws:kms"))
        if let key { headers.append(("x-amz-server-side-encryption-aws-kms-key-id", key)) }
      }
      if let lock = options.objectLock, isLocked(name) {
        let until = Timestamp(seconds: client.time.seconds + Int64(lock.days) * 86_400)
        headers.append(("x-amz-object-lock-mode", lock.mode.rawValue))
        headers.append(("x-amz-object-lock-retain-until-date", until.extendedText))
      }
      return headers
    }

    /// Whether a blob is put with a lock. A server takes no locked bytes without a checksum of its own
    /// kinds, besides the digest in the signature.
    func isLocked(_ name: BlobName) -> Bool {
      options.objectLock != nil && name.description.utf8.starts(with: "packs/".utf8)
    }

    static let checksumHeader = "x-amz-checksum-sha256"

    /// A digest as the checksum of a request.
    static func checksum(_ digest: Digest) -> String {
      digest.withBytes { Data(Array($0)).base64EncodedString() }
    }

    /// Succeeds if a blob that is there already has the bytes of the source.
    private func requireSame(
      _ name: BlobName, _ source: BlobSource, _ present: (size: Int64, digest: String?)
    ) async throws(ChunkStoreError) {
      guard present.size == source.byteCount else { throw .conflict(name, in: self.name) }
      if let digest = present.digest {
        guard try await self.digest(of: source, name).description == digest else {
          throw .conflict(name, in: self.name)
        }
        return
      }
      // Put by somebody else: only its bytes tell.
      var offset: Int64 = 0
      while offset < source.byteCount {
        let range = offset..<min(offset + Int64(options.readSize), source.byteCount)
        let there = try await get(name, range: range)
        let same: Bool
        do throws(IOError) {
          same = try await ThreadPool.blocking.run { () throws(IOError) -> Bool in
            try source.read(range) == there
          }
        } catch {
          throw ChunkStoreError(
            .targetFailed, "cannot read what is to become \(name)", blob: name, cause: error)
        }
        guard same else { throw .conflict(name, in: self.name) }
        offset = range.upperBound
      }
    }
  }
#endif
