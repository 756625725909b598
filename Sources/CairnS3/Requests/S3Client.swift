#if S3
  import AsyncHTTPClient
  import CairnChunks
  import CairnCore
  import CairnCrypto
  import NIOCore
  import NIOHTTP1
  import NIOPosix
  import NIOSSL
  import SystemPackage

  /// Sends signed requests of one bucket, and again where the server's answer says that this may help.
  final class S3Client: Sendable {
    private let http: HTTPClient
    private let address: BucketAddress
    private let credentials: CredentialsHolder
    private let region: String
    private let attempts: Int
    private let timeout: TimeAmount
    private let now: @Sendable () -> Timestamp

    init(
      _ options: S3Options, _ address: BucketAddress, _ provider: any S3CredentialsProvider,
      now: @escaping @Sendable () -> Timestamp
    ) throws(ChunkStoreError) {
      var tls = TLSConfiguration.makeClientConfiguration()
      if let file = options.certificateAuthority {
        do {
          _ = try NIOSSLCertificate.fromPEMFile(file.string)
        } catch {
          throw ChunkStoreError(
            .invalid, "cannot take certificates from \(file); it has to be a file in PEM form")
        }
        tls.trustRoots = .file(file.string)
      }
      timeout = .seconds(Int64(options.timeout))
      var configuration = HTTPClient.Configuration(
        tlsConfiguration: tls, redirectConfiguration: .disallow,
        timeout: .init(connect: timeout, read: timeout, write: timeout),
        connectionPool: .init(
          idleTimeout: .seconds(30),
          concurrentHTTP1ConnectionsPerHostSoftLimit: options.connections))
      // Connections are tried again here, where it is known for how long.
      configuration.connectionPool.retryConnectionEstablishment = false
      http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
      self.address = address
      self.now = now
      credentials = CredentialsHolder(provider, now: now)
      region = options.region
      attempts = options.attempts
    }

    deinit {
      // Holds itself until it has ended.
      http.shutdown { _ in }
    }

    var time: Timestamp { now() }

    /// - Parameters:
    ///   - limit: the most bytes of a body that are taken; more are a failure.
    func send(_ request: S3Request, limit: Int = 4 << 20) async throws(S3Failure) -> S3Answer {
      var attempt = 1
      var refused: S3Credentials?
      while true {
        let key: S3Credentials
        do throws(ChunkStoreError) {
          key = try await credentials.credentials(insteadOf: refused)
        } catch {
          throw S3Failure(.source(error), "")
        }
        var failure: S3Failure
        do throws(S3Failure) {
          return try await sendOnce(request, key, limit)
        } catch {
          failure = error
        }
        if failure.isUnexplained, request.method == .head,
          let explained = await explanation(request, key)
        {
          failure = explained
        }
        if case .expired = failure.kind, refused == nil {
          refused = key
          continue
        }
        guard failure.isTemporary, attempt < attempts else { throw failure }
        try await pause(attempt, failure.retryAfter)
        attempt += 1
      }
    }

    /// Why the server refuses a HEAD, whose answer has no room for that: what it says to a GET of one
    /// byte, for which the same permission is needed. `nil` if it does not refuse that.
    private func explanation(_ request: S3Request, _ key: S3Credentials) async -> S3Failure? {
      var request = request
      request.method = .get
      request.headers.append(("range", "bytes=0-0"))
      do throws(S3Failure) {
        // A server without ranges sends the whole blob, which is not wanted.
        _ = try await sendOnce(request, key, 1)
        return nil
      } catch {
        if case .beyondEnd = error.kind { return nil }
        return error.code != nil || error.isTemporary ? error : nil
      }
    }

    /// Waits longer each time, by chance less, so that many clients do not come back at once.
    private func pause(_ attempt: Int, _ wish: Int64?) async throws(S3Failure) {
      let longest = min(100 << min(attempt - 1, 8), 10_000)
      let wait = max(Int.random(in: longest / 2...longest), Int(min(wish ?? 0, 60)) * 1000)
      do {
        try await Task.sleep(for: .milliseconds(wait))
      } catch {
        throw S3Failure(.cancelled, "")
      }
    }

    private func sendOnce(
      _ request: S3Request, _ key: S3Credentials, _ limit: Int
    ) async throws(S3Failure) -> S3Answer {
      let path = address.path(of: request.key)
      let signature = SignatureV4(credentials: key, region: region)
      let own = [(name: "host", value: address.host)] + request.headers
      let added = signature.headers(
        of: SignatureV4.Request(
          method: request.method.rawValue, path: path, query: request.query, headers: own,
          payload: request.payload),
        at: now())
      let query = request.query.isEmpty ? "" : "?" + SignatureV4.encoded(request.query)
      var outgoing = HTTPClientRequest(url: address.origin + path + query)
      outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
      for (name, value) in own + added { outgoing.headers.add(name: name, value: value) }
      var pieces: BodyPieces?
      switch request.body {
      case .none: break
      case .bytes(let bytes): outgoing.body = .bytes(bytes)
      case .part(let source, let range):
        let body = BodyPieces(source: source, range: range)
        pieces = body
        outgoing.body = .stream(body, length: .known(Int64(range.count)))
      }
      do {
        return try await exchange(outgoing, limit)
      } catch let failure as S3Failure {
        throw failure
      } catch {
        if let cause = pieces?.failure.value {
          throw S3Failure(
            .source(
              ChunkStoreError(.targetFailed, "cannot read what is to be stored", cause: cause)), "")
        }
        throw failure(of: error)
      }
    }

    private func exchange(
      _ request: HTTPClientRequest, _ limit: Int
    ) async throws -> S3Answer {
      let response = try await http.execute(request, timeout: timeout + timeout)
      let status = Int(response.status.code)
      let isSuccess = (200..<300).contains(status)
      let announced = response.headers.first(name: "content-length").flatMap { Int($0) }
      let hasBody = request.method != .HEAD
      let most = isSuccess ? limit : 64 << 10
      var body: [UInt8] = []
      if hasBody, let announced, announced <= most { body.reserveCapacity(announced) }
      // Where there is none, its end is waited for too: what is left unread costs the connection.
      for try await piece in response.body {
        // The rest of an error's text is of no use; the rest of a blob would not have ended.
        guard body.count + piece.readableBytes <= most else {
          if !isSuccess { break }
          throw S3Failure(
            .permanent, "the server sends more than the \(limit) bytes that it was asked for")
        }
        body.append(contentsOf: piece.readableBytesView)
      }
      if hasBody, isSuccess, let announced, body.count != announced {
        throw S3Failure(
          .temporary,
          "the server announced \(announced) bytes and sent \(body.count)")
      }
      guard isSuccess else {
        throw S3Failure(
          status: status, answer: ErrorAnswer(body),
          region: response.headers.first(name: "x-amz-bucket-region"),
          retryAfter: response.headers.first(name: "retry-after").flatMap { Int64($0) })
      }
      let headers = response.headers.map { ($0.name.lowercased(), $0.value) }
      return S3Answer(
        status: status, headers: Dictionary(headers) { first, _ in first }, body: body)
    }

    /// What an error on the way means: all may pass but what the two sides do not agree on.
    private func failure(of error: any Error) -> S3Failure {
      if error is CancellationError { return S3Failure(.cancelled, "") }
      if let error = error as? HTTPClientError {
        if error == .cancelled { return S3Failure(.cancelled, "") }
        if Self.late.contains(where: { $0 == error }) {
          return S3Failure(.temporary, "\(address.host) does not answer in time")
        }
      }
      if let error = error as? NIOConnectionError {
        return S3Failure(
          .temporary,
          "there is no connection to \(address.host); check address and network "
            + "(\(Self.reason(error)))")
      }
      if error is NIOSSLExtraError || error is BoringSSLError || Self.isHandshake(error) {
        return S3Failure(
          .permanent,
          "the server's certificate is not accepted, or it speaks no TLS; if the certificate is of an "
            + "authority of its own, name that (\(error))")
      }
      return S3Failure(.temporary, "the connection to \(address.host) failed (\(error))")
    }

    private static let late: [HTTPClientError] = [
      .deadlineExceeded, .connectTimeout, .readTimeout, .writeTimeout,
      .getConnectionFromPoolTimeout,
      .tlsHandshakeTimeout,
    ]

    private static func isHandshake(_ error: any Error) -> Bool {
      switch error as? NIOSSLError {
      case .handshakeFailed, .noCertificateToValidate, .unableToValidateCertificate: true
      default: false
      }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
      if let first = error.connectionErrors.first { return "\(first.error)" }
      return (error.dnsAError ?? error.dnsAAAAError).map { "\($0)" } ?? "no address"
    }
  }
#endif
