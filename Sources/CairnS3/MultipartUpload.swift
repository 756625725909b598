#if S3
  import CairnChunks
  import CairnCore
  import CairnCrypto

  /// A blob that is put in parts, of which two are under way at a time.
  ///
  /// It is there when the last request has succeeded, and not before; if one fails, the parts are taken
  /// back.
  struct MultipartUpload {
    private let target: S3Target
    private let name: BlobName
    private let source: BlobSource
    private let digest: Digest
    private let key: String

    private static var partsAtOnce: Int { 2 }
    private static var mostParts: Int64 { 10_000 }
    /// How long the parts are tried to be taken back: the caller waits to hear what went wrong.
    static var abandoningLimit: Duration { .seconds(3) }

    init(_ target: S3Target, _ name: BlobName, _ source: BlobSource, _ digest: Digest) {
      self.target = target
      self.name = name
      self.source = source
      self.digest = digest
      key = target.key(name)
    }

    func run() async throws(S3Failure) {
      let partSize = Int64(target.options.partSize)
      guard (source.byteCount + partSize - 1) / partSize <= Self.mostParts else {
        throw S3Failure(
          .permanent,
          "a blob has at most \(Self.mostParts) parts; make them larger than \(partSize) bytes")
      }
      let id = try await begin()
      do throws(S3Failure) {
        let parts = try await sendParts(id, partSize)
        try await complete(id, parts)
      } catch {
        await abandon(id)
        throw error
      }
    }

    private func begin() async throws(S3Failure) -> String {
      var request = S3Request(.post, key: key)
      request.query = [("uploads", "")]
      request.headers = target.headers(of: name, digest)
      if target.isLocked(name) { request.headers.append(("x-amz-checksum-algorithm", "SHA256")) }
      let answer = try await target.client.send(request)
      guard let root = AnswerElement.parse(answer.body),
        root.name == "InitiateMultipartUploadResult", let id = root.first("UploadId")?.text,
        !id.isEmpty
      else { throw S3Failure(.temporary, "the server names no upload") }
      return id
    }

    /// What a server says of a part, and what is said of it to the server.
    private struct Part {
      let tag: String
      let digest: Digest
    }

    /// The parts, in order.
    private func sendParts(_ id: String, _ partSize: Int64) async throws(S3Failure) -> [Part] {
      let starts = Array(stride(from: 0, to: source.byteCount, by: Int(partSize)))
      let outcome = await withTaskGroup(
        of: (Int, Result<Part, S3Failure>).self
      ) { group -> Result<[Part], S3Failure> in
        var next = 0
        func startNext() {
          guard next < starts.count else { return }
          let index = next
          next += 1
          let range = starts[index]..<min(starts[index] + partSize, source.byteCount)
          group.addTask {
            do throws(S3Failure) {
              return (index, .success(try await send(id, index + 1, range)))
            } catch {
              return (index, .failure(error))
            }
          }
        }
        for _ in 0..<Self.partsAtOnce { startNext() }
        var parts = [Part?](repeating: nil, count: starts.count)
        while let (index, result) = await group.next() {
          switch result {
          case .failure(let failure):
            group.cancelAll()
            return .failure(failure)
          case .success(let part):
            parts[index] = part
            startNext()
          }
        }
        return .success(parts.compactMap(\.self))
      }
      return try outcome.get()
    }

    private func send(
      _ id: String, _ number: Int, _ range: Range<Int64>
    ) async throws(S3Failure) -> Part {
      var request = S3Request(.put, key: key)
      request.query = [("partNumber", String(number)), ("uploadId", id)]
      request.body = .part(source, range)
      do throws(IOError) {
        request.payload = try await source.digest(of: range)
      } catch {
        throw S3Failure(
          .source(
            ChunkStoreError(
              .targetFailed, "cannot read what is to become \(name)", blob: name, cause: error)), ""
        )
      }
      if target.isLocked(name) {
        request.headers = [(S3Target.checksumHeader, S3Target.checksum(request.payload))]
      }
      let answer = try await target.client.send(request)
      guard let tag = answer.headers["etag"], !tag.isEmpty else {
        throw S3Failure(.permanent, "the server gives no tag for a part")
      }
      return Part(tag: tag, digest: request.payload)
    }

    private func complete(_ id: String, _ parts: [Part]) async throws(S3Failure) {
      var body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      for (index, part) in parts.enumerated() {
        body += "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(Self.escaped(part.tag))</ETag>"
        if target.isLocked(name) {
          body += "<ChecksumSHA256>\(S3Target.checksum(part.digest))</ChecksumSHA256>"
        }
        body += "</Part>"
      }
      body += "</CompleteMultipartUpload>"
      let bytes = Array(body.utf8)
      var request = S3Request(.post, key: key)
      request.query = [("uploadId", id)]
      request.headers = [("content-type", "application/xml")]
      request.body = .bytes(bytes)
      request.payload = SHA256.hash(of: bytes.span.bytes)
      let answer = try await target.sendIfAbsent(request)
      // The server begins its answer before it knows how it ends.
      if let error = ErrorAnswer(answer.body) {
        throw S3Failure(status: 500, answer: error, region: nil, retryAfter: nil)
      }
      guard AnswerElement.parse(answer.body)?.first("ETag") != nil else {
        throw S3Failure(.temporary, "the server does not say that the upload is complete")
      }
    }

    /// Takes the parts back, also when the task is cancelled. If that fails too, or takes too long, they
    /// cost room until the bucket's own rules remove them.
    private func abandon(_ id: String) async {
      let (client, key) = (target.client, key)
      let removal = Task {
        var request = S3Request(.delete, key: key)
        request.query = [("uploadId", id)]
        _ = try? await client.send(request)
      }
      let limit = Task {
        try await Task.sleep(for: Self.abandoningLimit)
        removal.cancel()
      }
      await removal.value
      limit.cancel()
    }

    private static func escaped(_ text: String) -> String {
      text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
  }
#endif
