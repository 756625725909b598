public import CairnChunks
import Synchronization

/// Another target, as it is at the end of a slow line, or with listings that lag.
///
/// Each call takes the latency before it begins, and the time that its bytes take in it; calls at the
/// same time do not share the bandwidth. It waits by the clock, in the caller's task.
public final class SlowTarget: TargetDecorator {
  private struct Change {
    /// `nil` if it was deleted.
    let size: Int64?
    let sizeBefore: Int64?
    /// When listings show it.
    let shown: Duration
  }

  public let base: any Target
  private let latency: Duration
  private let bytesPerSecond: Int64?
  private let listingLag: Duration
  private let elapsed: @Sendable () -> Duration
  private let wait: @Sendable (Duration) async throws -> Void
  private let changes = Mutex<[BlobName: Change]>([:])

  /// - Parameters:
  ///   - latency: what each call takes.
  ///   - bytesPerSecond: how fast the bytes of a put or a get flow, or `nil` for at once.
  ///   - listingLag: how long listings do not show a put or a deletion made through this target.
  ///     That is against the contract of `Target`.
  ///   - clock: what measures and waits; one of your own for tests.
  public init(
    _ base: any Target, latency: Duration = .zero, bytesPerSecond: Int64? = nil,
    listingLag: Duration = .zero, clock: some Clock<Duration> = ContinuousClock()
  ) {
    self.base = base
    self.latency = latency
    self.bytesPerSecond = bytesPerSecond
    self.listingLag = listingLag
    elapsed = { [start = clock.now, clock] in start.duration(to: clock.now) }
    wait = { try await clock.sleep(for: $0) }
  }

  private func delay(bytes: Int64 = 0, _ blob: BlobName? = nil) async throws(ChunkStoreError) {
    let flow = bytesPerSecond.map { Duration.seconds(Double(bytes) / Double($0)) } ?? .zero
    guard latency + flow > .zero else { return }
    do {
      try await wait(latency + flow)
    } catch {
      throw ChunkStoreError(.cancelled, "a call of \(name) was cancelled", blob: blob)
    }
  }

  private func note(_ name: BlobName, size: Int64?, before: Int64?) {
    guard listingLag > .zero else { return }
    let now = elapsed()
    changes.withLock { changes in
      changes = changes.filter { $0.value.shown > now }
      changes[name] = Change(size: size, sizeBefore: before, shown: now + listingLag)
    }
  }

  public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    try await delay(bytes: source.byteCount, name)
    let before = listingLag > .zero ? try await base.size(of: name) : nil
    try await base.put(name, source)
    if before == nil { note(name, size: source.byteCount, before: nil) }
  }

  public func get(
    _ name: BlobName, range: Range<Int64>?
  ) async throws(ChunkStoreError) -> [UInt8] {
    let bytes = try await base.get(name, range: range)
    try await delay(bytes: Int64(bytes.count), name)
    return bytes
  }

  public func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    try await delay(name)
    return try await base.size(of: name)
  }

  public func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    try await delay()
    let now = elapsed()
    let late = changes.withLock { $0.filter { $0.value.shown > now } }
    guard !late.isEmpty else { return try await base.list(prefix, after: after, limit: limit) }
    // Enough, whatever is left out.
    let (sum, isTooMuch) = limit.addingReportingOverflow(late.count)
    var blobs = try await base.list(prefix, after: after, limit: isTooMuch ? limit : sum)
    blobs.removeAll { late[$0.name] != nil }
    for (name, change) in late {
      guard let size = change.sizeBefore, name.description.hasPrefix(prefix),
        after.map({ $0 < name }) != false
      else { continue }
      blobs.append(BlobInfo(name: name, size: size))
    }
    return Array(blobs.sorted { $0.name < $1.name }.prefix(limit))
  }

  /// Page by page, each of which takes its time.
  public func forEachBlob(
    _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    try await forEachListedBlob(prefix, body)
  }

  public func delete(_ name: BlobName) async throws(ChunkStoreError) {
    try await delay(name)
    let before = listingLag > .zero ? try await base.size(of: name) : nil
    try await base.delete(name)
    if before != nil { note(name, size: nil, before: before) }
  }
}
