#if S3
  public import CairnChunks

  extension S3Target {
    public func get(
      _ name: BlobName, range: Range<Int64>?
    ) async throws(ChunkStoreError) -> [UInt8] {
      let wanted = range ?? 0..<Int64.max
      precondition(wanted.lowerBound >= 0, "a range of a blob begins at 0 or behind")
      guard !wanted.isEmpty else {
        if try await size(of: name) == nil { throw missing(name) }
        return []
      }
      do throws(S3Failure) {
        guard let first = try await piece(name, beginning(of: wanted)) else {
          // Behind the end, or the blob is empty.
          return []
        }
        let end = min(wanted.upperBound, first.blobSize)
        let rest = (wanted.lowerBound + Int64(first.bytes.count))..<end
        if rest.isEmpty { return first.bytes }
        return try await pieces(name, rest, behind: first)
      } catch {
        throw error.error("read", name, on: self.name)
      }
    }

    private func missing(_ name: BlobName) -> ChunkStoreError {
      S3Failure(.missing, "it is not there").error("read", name, on: self.name)
    }

    private func beginning(of range: Range<Int64>) -> Range<Int64> {
      range.lowerBound..<range.lowerBound + min(Int64(options.readSize), Int64(range.count))
    }

    private struct Piece: Sendable {
      var bytes: [UInt8]
      let blobSize: Int64
    }

    /// What there is of a range, or `nil` if it begins behind the end.
    private func piece(
      _ name: BlobName, _ range: Range<Int64>
    ) async throws(S3Failure) -> Piece? {
      var request = S3Request(.get, key: key(name))
      request.headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
      let answer: S3Answer
      do throws(S3Failure) {
        answer = try await client.send(request, limit: range.count)
      } catch {
        if case .beyondEnd = error.kind { return nil }
        throw error
      }
      if answer.status == 200 {
        // The whole blob, from a server that tells it so, or that knows no ranges.
        guard range.lowerBound == 0 else {
          throw S3Failure(.permanent, "the server knows no ranges, which the store needs")
        }
        guard !answer.body.isEmpty else { return nil }
        return Piece(bytes: answer.body, blobSize: Int64(answer.body.count))
      }
      guard let header = answer.headers["content-range"],
        let (sent, size) = Self.contentRange(header), sent.lowerBound == range.lowerBound,
        sent.upperBound == min(range.upperBound, size), sent.count == answer.body.count
      else { throw S3Failure(.temporary, "the server sends another range than was asked for") }
      return Piece(bytes: answer.body, blobSize: size)
    }

    /// The range and the size of the whole in a `Content-Range` header (RFC 9110, section 14.4).
    static func contentRange(_ header: String) -> (Range<Int64>, Int64)? {
      let parts = header.split(whereSeparator: { " -/".contains($0) })
      guard parts.count == 4, parts[0] == "bytes", let first = Int64(parts[1]),
        let last = Int64(parts[2]), let size = Int64(parts[3]), first >= 0, first <= last,
        last < size
      else { return nil }
      return (first..<last + 1, size)
    }

    /// The bytes of `first` and of the range behind it, of which several parts are under way at once.
    private func pieces(
      _ name: BlobName, _ range: Range<Int64>, behind first: Piece
    ) async throws(S3Failure) -> [UInt8] {
      let outcome = await withTaskGroup(
        of: (Int, Result<[UInt8], S3Failure>).self
      ) { group -> Result<[UInt8], S3Failure> in
        var (next, rest) = (0, range)
        func startNext() {
          guard !rest.isEmpty else { return }
          let index = next
          next += 1
          let part = beginning(of: rest)
          rest = part.upperBound..<rest.upperBound
          group.addTask {
            do throws(S3Failure) {
              let piece = try await self.piece(name, part)
              guard let piece, piece.blobSize == first.blobSize, piece.bytes.count == part.count
              else { throw S3Failure(.temporary, "the blob changed while it was read") }
              return (index, .success(piece.bytes))
            } catch {
              return (index, .failure(error))
            }
          }
        }
        for _ in 0..<Self.readsAtOnce { startNext() }
        var bytes = first.bytes
        bytes.reserveCapacity(first.bytes.count + min(range.count, Self.largestReservation))
        var early: [Int: [UInt8]] = [:]
        var appended = 0
        while let (index, result) = await group.next() {
          switch result {
          case .failure(let failure):
            group.cancelAll()
            return .failure(failure)
          case .success(let part):
            early[index] = part
            while let part = early.removeValue(forKey: appended) {
              bytes += part
              appended += 1
            }
            startNext()
          }
        }
        return .success(bytes)
      }
      return try outcome.get()
    }

    private static var readsAtOnce: Int { 4 }
    /// No more is reserved for what a server says that a blob has.
    private static var largestReservation: Int { 64 << 20 }
  }
#endif
