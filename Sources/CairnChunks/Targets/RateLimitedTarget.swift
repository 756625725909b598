import CairnCore

/// Another target, to and from which at most so many bytes flow in a second.
///
/// What is read flows in pieces of a quarter of a second, each with a call of its own. What is put
/// flows as the other target reads the source, in its steps; it reads on threads that may block, as
/// ``Target`` demands. All calls share the two limits, in the order in which they ask. After a time
/// without traffic, a quarter of a second's worth flows at once. Listings are not limited.
///
/// A temporary file that is put is read, not taken over.
public struct RateLimitedTarget: TargetDecorator {
  public let base: any Target
  private let uploads: TokenBucket?
  private let downloads: TokenBucket?

  /// - Parameters:
  ///   - upload: bytes that are put in a second, or `nil` for no limit.
  ///   - download: bytes that are read in a second, or `nil` for no limit.
  ///   - clock: what measures and waits; one of your own for tests.
  /// - Precondition: both are positive.
  public init(
    _ base: any Target, upload: Int64? = nil, download: Int64? = nil,
    clock: some Clock<Duration> = ContinuousClock()
  ) {
    self.base = base
    let stopwatch = Stopwatch(clock)
    uploads = upload.map { TokenBucket(rate: $0, stopwatch) }
    downloads = download.map { TokenBucket(rate: $0, stopwatch) }
  }

  public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    guard let uploads else { return try await base.put(name, source) }
    let isCancelled = CancellationFlag()
    let limited = BlobSource(byteCount: source.byteCount) { (range) throws(IOError) in
      guard uploads.waitBlocking(for: Int64(range.count), unless: isCancelled) else {
        throw IOError(.changed, operation: "read", subject: "a source whose put was cancelled")
      }
      return try source.read(range)
    }
    let outcome = await withTaskCancellationHandler {
      do throws(ChunkStoreError) {
        try await base.put(name, limited)
        return Result<Void, ChunkStoreError>.success(())
      } catch {
        return .failure(error)
      }
    } onCancel: {
      isCancelled.set()
    }
    if case .failure(let error) = outcome {
      throw isCancelled.isSet ? .cancelledPut(name, error) : error
    }
  }

  public func get(
    _ name: BlobName, range: Range<Int64>?
  ) async throws(ChunkStoreError) -> [UInt8] {
    guard let downloads else { return try await base.get(name, range: range) }
    var bytes: [UInt8] = []
    var rest = range ?? 0..<Int64.max
    repeat {
      let piece = rest.lowerBound..<rest.lowerBound + min(Int64(rest.count), downloads.step)
      do {
        try await downloads.wait(for: Int64(piece.count))
      } catch {
        throw ChunkStoreError(.cancelled, "the reading of \(name) was cancelled", blob: name)
      }
      let part: [UInt8]
      do throws(ChunkStoreError) {
        part = try await base.get(name, range: piece)
      } catch {
        downloads.giveBack(Int64(piece.count))
        throw error
      }
      downloads.giveBack(Int64(piece.count - part.count))
      bytes += part
      rest = piece.upperBound..<rest.upperBound
      guard part.count == piece.count else { break }
    } while !rest.isEmpty
    return bytes
  }
}

extension ChunkStoreError {
  @inline(never)
  fileprivate static func cancelledPut(
    _ name: BlobName, _ error: ChunkStoreError
  ) -> ChunkStoreError {
    ChunkStoreError(.cancelled, "the put of \(name) was cancelled", blob: name, cause: error.cause)
  }
}
