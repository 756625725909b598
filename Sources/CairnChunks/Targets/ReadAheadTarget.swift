import Synchronization

/// Reads ahead of what is asked for, for a target that answers late: a restore from a server then
/// waits for the first request of a pack, not for each.
///
/// A blob that is read in order, from wherever, is read in spans of ``spanSize`` bytes, of which more
/// and more are asked for before they are wanted, up to ``depth`` at a time. Reads here and there are
/// passed on as they are, and so is all that does not read.
///
/// Memory: ``budget`` spans at most. They are dropped when their blob is deleted here; as blobs never
/// change, none is out of date.
public final class ReadAheadTarget: TargetDecorator {
  public let base: any Target
  /// The bytes of a request.
  public let spanSize: Int
  /// The most spans that are asked for ahead.
  public let depth: Int
  /// The most spans that are kept.
  public let budget: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - spanSize: in bytes. 512 KiB: at 50 ms for each request, 8 ahead give 80 MB/s.
  ///   - depth: at least 1.
  ///   - budget: at least twice the depth. 64: a restore reads several packs by turns, and what is
  ///     dropped before its use is read again.
  public init(
    _ base: any Target, spanSize: Int = 512 << 10, depth: Int = 8, budget: Int = 64
  ) {
    precondition(spanSize > 0 && depth > 0 && budget >= 2 * depth)
    self.base = base
    self.spanSize = spanSize
    self.depth = depth
    self.budget = budget
  }

  // MARK: Reading

  private typealias Fetch = Task<Result<[UInt8], ChunkStoreError>, Never>

  private struct SpanKey: Hashable {
    let name: BlobName
    let number: Int64
  }

  private struct Span {
    let fetch: Fetch
    var lastUse: UInt64
  }

  /// How far a blob was read.
  private struct Progress {
    var position: Int64
    /// The spans that were asked for ahead then; less than 0 if the blob's end was seen.
    var ahead: Int
    var lastUse: UInt64
  }

  private struct State {
    var spans: [SpanKey: Span] = [:]
    var progress: [BlobName: Progress] = [:]
    var clock: UInt64 = 0
  }

  /// Behind it, the spans ahead have no numbers any more.
  private var farthest: Int64 { .max - Int64(depth + 1) * Int64(spanSize) }

  /// The most blobs of which it is known how far they were read.
  private static var followedBlobs: Int { 256 }

  public func get(
    _ name: BlobName, range: Range<Int64>?
  ) async throws(ChunkStoreError) -> [UInt8] {
    guard let range, !range.isEmpty, range.count <= spanSize, range.upperBound <= farthest else {
      return try await base.get(name, range: range)
    }
    guard let fetches = fetches(of: name, range) else {
      return try await base.get(name, range: range)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    for (number, fetch) in fetches {
      let span: [UInt8]
      do throws(ChunkStoreError) {
        // Who is cancelled does not wait, and others who want the span ask for theirs themselves.
        span = try await withTaskCancellationHandler {
          await fetch.value
        } onCancel: {
          fetch.cancel()
        }.get()
      } catch {
        forget(SpanKey(name: name, number: number))
        // It may have been asked for long before, and by another task.
        return try await base.get(name, range: range)
      }
      let start = number * Int64(spanSize)
      let wanted = range.clamped(to: start..<start + Int64(span.count))
      bytes += span[Int(wanted.lowerBound - start)..<Int(wanted.upperBound - start)]
      if span.count < spanSize {
        stopAhead(of: name)
        break
      }
    }
    return bytes
  }

  /// The spans of a range, asked for if they were not, with some of those behind; `nil` if the blob is
  /// not read in order.
  private func fetches(of name: BlobName, _ range: Range<Int64>) -> [(Int64, Fetch)]? {
    let size = Int64(spanSize)
    let first = range.lowerBound / size
    let last = (range.upperBound - 1) / size
    return state.withLock { state in
      state.clock += 1
      let known = state.progress[name]
      let reach = Int64(depth) * size
      let isInOrder = known.map { abs(range.lowerBound - $0.position) <= reach } ?? false
      let isThere = (first...last).allSatisfy {
        state.spans[SpanKey(name: name, number: $0)] != nil
      }
      guard isInOrder || isThere else {
        follow(name, Progress(position: range.upperBound, ahead: 0, lastUse: state.clock), &state)
        return nil
      }
      var ahead = known?.ahead ?? 0
      // More with each span that is begun, until the blob's end was seen.
      let begins = known.map { ($0.position - 1) / size < last } ?? true
      if ahead >= 0, begins || ahead == 0 { ahead = min(max(1, ahead * 2), depth) }
      let position = max(range.upperBound, known?.position ?? 0)
      follow(
        name,
        Progress(
          position: isInOrder ? position : range.upperBound, ahead: ahead, lastUse: state.clock),
        &state)
      let found = (first...last).map { ($0, fetch(SpanKey(name: name, number: $0), &state)) }
      if ahead > 0 {
        for number in last + 1...last + Int64(ahead) {
          _ = fetch(SpanKey(name: name, number: number), &state)
        }
      }
      return found
    }
  }

  private func fetch(_ key: SpanKey, _ state: inout State) -> Fetch {
    if let span = state.spans[key] {
      state.spans[key]?.lastUse = state.clock
      return span.fetch
    }
    if state.spans.count >= budget,
      let oldest = state.spans.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      state.spans[oldest.key] = nil
    }
    let start = key.number * Int64(spanSize)
    let range = start..<start + Int64(spanSize)
    let fetch = Fetch { [base] in
      do throws(ChunkStoreError) {
        return .success(try await base.get(key.name, range: range))
      } catch {
        return .failure(error)
      }
    }
    state.spans[key] = Span(fetch: fetch, lastUse: state.clock)
    return fetch
  }

  private func follow(_ name: BlobName, _ progress: Progress, _ state: inout State) {
    if state.progress[name] == nil, state.progress.count >= Self.followedBlobs,
      let oldest = state.progress.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      state.progress[oldest.key] = nil
    }
    state.progress[name] = progress
  }

  private func forget(_ key: SpanKey) {
    state.withLock { $0.spans[key] = nil }
  }

  /// The blob has ended: there is nothing ahead.
  private func stopAhead(of name: BlobName) {
    state.withLock { $0.progress[name]?.ahead = -1 }
  }

  var keptSpans: Int { state.withLock { $0.spans.count } }

  // MARK: Changes

  public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    // A span from before the blob was there.
    drop(name)
    try await base.put(name, source)
  }

  public func delete(_ name: BlobName) async throws(ChunkStoreError) {
    try await base.delete(name)
    drop(name)
  }

  private func drop(_ name: BlobName) {
    state.withLock { state in
      state.progress[name] = nil
      for key in state.spans.keys where key.name == name { state.spans[key] = nil }
    }
  }
}
