#if S3
  import AsyncHTTPClient
  import CairnChunks
  import CairnCrypto
  import Foundation
  import NIOCore
  import NIOHTTP1

  /// A service on the machine's own network that lends credentials to what runs there.
  struct MetadataService {
    /// What it answers: the fields are the same for containers and instances.
    private struct Answer: Decodable {
      let id: String
      let secret: String
      let token: String?
      let expiration: String?

      enum CodingKeys: String, CodingKey {
        case id = "AccessKeyId"
        case secret = "SecretAccessKey"
        case token = "Token"
        case expiration = "Expiration"
      }
    }

    let description: String

    /// - Parameter isThere: whether the service is known to exist; otherwise that nobody answers is no
    ///   error.
    /// - Returns: The body of the answer, or `nil` if there is no service.
    func ask(
      _ method: S3Request.Method, _ url: String, headers: [(String, String)] = [],
      isThere: Bool
    ) async throws(ChunkStoreError) -> String? {
      do {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method.rawValue)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        // An address of the machine's own network answers at once, or there is nobody.
        let wait: TimeAmount = isThere ? .seconds(10) : .seconds(1)
        let response = try await HTTPClient.shared.execute(request, timeout: wait)
        let body = try await response.body.collect(upTo: 64 << 10)
        let text = String(decoding: body.readableBytesView, as: UTF8.self)
        switch response.status.code {
        case 200: return text
        case 404 where !isThere: return nil
        case 500...: throw failure(.temporary, "it answers \(response.status.code)")
        default:
          throw failure(.targetFailed, "it answers \(response.status.code): \(text.prefix(200))")
        }
      } catch let error as ChunkStoreError {
        throw error
      } catch is CancellationError {
        throw ChunkStoreError(.cancelled, "asking \(description) was cancelled")
      } catch {
        guard isThere else { return nil }
        throw failure(.temporary, "\(error)")
      }
    }

    /// Credentials from the text of an answer.
    func credentials(in text: String) throws(ChunkStoreError) -> S3Credentials {
      let answer: Answer
      do {
        answer = try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
      } catch {
        throw failure(.targetFailed, "its answer holds no credentials")
      }
      var expiry: Int64?
      if let text = answer.expiration {
        guard let time = Timestamp(extended: text) else {
          throw failure(.targetFailed, "its credentials end at no known time: \(text.prefix(40))")
        }
        expiry = time.seconds
      }
      return S3Credentials(
        accessKeyID: answer.id,
        secretAccessKey: SecretBytes(utf8: answer.secret),
        sessionToken: answer.token, expiry: expiry)
    }

    func failure(_ code: ChunkStoreError.Code, _ what: String) -> ChunkStoreError {
      ChunkStoreError(code, "cannot get credentials from \(description): \(what)")
    }
  }
#endif
