#if S3
  import CairnChunks

  /// Why a request failed.
  struct S3Failure: Error {
    enum Kind {
      /// The key is not there.
      case missing
      /// The condition of a put does not hold: something is there already.
      case exists
      /// The range begins behind the end.
      case beyondEnd
      case temporary, permanent, cancelled
      /// The credentials have ended.
      case expired
      /// What was to be sent cannot be read.
      case source(ChunkStoreError)
    }

    var kind: Kind
    /// What happened and what to do about it, without the full stop.
    var message: String
    /// The seconds after which the server wants to be asked again.
    var retryAfter: Int64?
    /// The server's word for why it refused, if it gave one.
    private(set) var code: String?
    /// Whether it refused without one, as it has to where an answer has no body.
    private(set) var isUnexplained = false

    static let noSuchBucket = "NoSuchBucket"

    var isTemporary: Bool {
      if case .temporary = kind { true } else { false }
    }

    init(_ kind: Kind, _ message: String, retryAfter: Int64? = nil) {
      self.kind = kind
      self.message = message
      self.retryAfter = retryAfter
    }

    /// What a status and the answer's body mean ("Error responses", Amazon S3 API Reference).
    init(status: Int, answer: ErrorAnswer?, region: String?, retryAfter: Int64?) {
      let code = answer?.code ?? ""
      let said = answer.map { $0.message.isEmpty ? $0.code : "\($0.code): \($0.message)" }
      let what = said.map { "the server says \($0)" } ?? "the server answers \(status)"
      switch (status, code) {
      case (_, Self.noSuchBucket):
        self.init(.permanent, "there is no such bucket; create it or correct its name (\(what))")
      case (404, "NoSuchUpload"):
        self.init(.temporary, "the upload in parts is gone (\(what))")
      case (404, _): self.init(.missing, what)
      case (412, _): self.init(.exists, what)
      case (416, _): self.init(.beyondEnd, what)
      case (_, "ExpiredToken"), (_, "TokenRefreshRequired"), (_, "ExpiredTokenException"):
        self.init(.expired, "the credentials have ended; get new ones (\(what))")
      case (_, "RequestTimeTooSkewed"):
        self.init(.permanent, "the clock here and the server's differ; set it (\(what))")
      case (_, "InvalidAccessKeyId"), (_, "InvalidClientTokenId"):
        self.init(.permanent, "the server does not know this access key; check it (\(what))")
      case (_, "SignatureDoesNotMatch"):
        self.init(.permanent, "the secret key is not that of the access key; check it (\(what))")
      case (_, "AuthorizationHeaderMalformed"), (_, "PermanentRedirect"), (301, _):
        let right = answer?.region ?? region
        self.init(
          .permanent,
          right.map { "the bucket is in the region \($0); name that (\(what))" }
            ?? "the bucket is at another address; check endpoint and region (\(what))")
      case (_, "QuotaExceeded"), (_, "XMinioStorageFull"), (507, _):
        self.init(.permanent, "the storage or its quota is full; make room (\(what))")
      case (_, "RequestTimeout"), (_, "SlowDown"), (_, "InternalError"), (_, "OperationAborted"),
        (_, "ConditionalRequestConflict"), (_, "XAmzContentSHA256Mismatch"), (_, "BadDigest"),
        (307, _), (408, _), (409, ""), (425, _), (429, _), (500, _), (502...504, _):
        self.init(.temporary, what, retryAfter: retryAfter)
      case (401, _), (403, _):
        self.init(
          .permanent,
          "access is denied: check the key's permissions, which must include listing the bucket "
            + "(\(what))")
      case (501, _):
        self.init(.permanent, "the server does not know what is asked of it (\(what))")
      default: self.init(.permanent, what)
      }
      self.code = answer?.code
      if answer == nil, case .permanent = kind { isUnexplained = true }
    }

    /// The error of a target whose `operation` on `blob` met this.
    @inline(never)
    func error(_ operation: String, _ blob: BlobName?, on target: String) -> ChunkStoreError {
      let subject = blob.map { "\(operation) \($0) on \(target)" } ?? "\(operation) \(target)"
      return switch kind {
      case .missing where blob != nil:
        ChunkStoreError(.missing, "\(target) has no blob \(blob!): \(message)", blob: blob)
      case .temporary:
        ChunkStoreError(
          .temporary, "cannot \(subject) for now: \(message)", blob: blob,
          retryAfter: retryAfter.map { .seconds($0) })
      case .cancelled: ChunkStoreError(.cancelled, "to \(subject) was cancelled", blob: blob)
      case .source(let error): error
      case .missing, .exists, .beyondEnd, .permanent, .expired:
        ChunkStoreError(.targetFailed, "cannot \(subject): \(message)", blob: blob)
      }
    }
  }
#endif
