#if Parity
  public import CairnChunks
  import CairnCore
  import Synchronization

  extension ParityTarget {
    /// The same blobs, read as they were written where that can be computed. Nothing is changed there.
    ///
    /// A place that can only be read is restored from through this, and a repair takes it as a copy of the
    /// repository.
    public var mended: MendedTarget { MendedTarget(self) }
  }

  /// The blobs of a ``ParityTarget``, each range checked by its checksums, and mended in memory if it is
  /// damaged. Puts and deletions are refused with `targetFailed`.
  ///
  /// A range that is damaged beyond what parity can do is `damaged`; what has no sidecar is read as it
  /// is.
  ///
  /// Memory: the sidecar that was used last; of a damaged blob, all of it, twice while it is mended and
  /// once until another is.
  public final class MendedTarget: Target {
    public let base: ParityTarget

    private struct State {
      var sidecar: (name: BlobName, content: Sidecar)?
      var blob: (name: BlobName, content: ParityTarget.Recovered)?
    }
    private let state = Mutex(State())

    init(_ base: ParityTarget) {
      self.base = base
    }

    public var name: String { base.name }

    public func get(
      _ name: BlobName, range: Range<Int64>?
    ) async throws(ChunkStoreError) -> [UInt8] {
      guard let sidecar = try await sidecar(of: name), let size = try await base.size(of: name)
      else { return try await base.get(name, range: range) }
      let blobSize = Int64(sidecar.layout.blobSize)
      let range = (range ?? 0..<blobSize).clamped(to: 0..<blobSize)
      // Whole shards.
      let step = Int64(sidecar.layout.shardSize)
      let first = range.lowerBound / step
      let start = first * step
      let end = min((range.upperBound + step - 1) / step * step, blobSize)
      let there = (start..<end).clamped(to: 0..<size)
      let bytes = there.isEmpty ? [] : try await base.readable(name, there)
      var check = BlobCheck(sidecar, from: Int(first))
      check.take(bytes)
      if check.damaged.isEmpty, bytes.count >= range.upperBound - start {
        return Array(bytes[Int(range.lowerBound - start)..<Int(range.upperBound - start)])
      }
      let (whole, lost): ([UInt8], [Int])
      switch try await recovered(name, size: size, by: sidecar) {
      case .sound(let bytes), .mended(let bytes): (whole, lost) = (bytes, [])
      case .partly(let bytes, let shards): (whole, lost) = (bytes, shards)
      case .lost: throw Self.beyondParity(name)
      }
      guard !lost.contains(where: { range.overlaps(Int64($0) * step..<Int64($0 + 1) * step) })
      else {
        throw Self.beyondParity(name)
      }
      return Array(whole[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    public func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
      guard let size = try await base.size(of: name) else { return nil }
      return try await sidecar(of: name).map { Int64($0.layout.blobSize) } ?? size
    }

    /// With the sizes that the blobs have now.
    public func list(
      _ prefix: String, after: BlobName?, limit: Int
    ) async throws(ChunkStoreError) -> [BlobInfo] {
      try await base.list(prefix, after: after, limit: limit)
    }

    public func forEachBlob(
      _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
    ) async throws(ChunkStoreError) {
      try await base.forEachBlob(prefix, body)
    }

    public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
      throw ChunkStoreError(
        .targetFailed, "\(self.name) is only read here, so \(name) cannot be put there", blob: name)
    }

    public func delete(_ name: BlobName) async throws(ChunkStoreError) {
      throw ChunkStoreError(
        .targetFailed, "\(self.name) is only read here, so \(name) cannot be deleted", blob: name)
    }

    // MARK: What was used last

    private func sidecar(of name: BlobName) async throws(ChunkStoreError) -> Sidecar? {
      if let known = state.withLock({ $0.sidecar }), known.name == name { return known.content }
      let content = try await base.usableSidecar(of: name)
      if let content { state.withLock { $0.sidecar = (name, content) } }
      return content
    }

    private func recovered(
      _ name: BlobName, size: Int64, by sidecar: Sidecar
    ) async throws(ChunkStoreError) -> ParityTarget.Recovered {
      if let known = state.withLock({ $0.blob }), known.name == name { return known.content }
      let damaged = try await base.damage(of: name, size: size, by: sidecar)
      let content = try await base.recover(name, size: size, damaged, by: sidecar)
      state.withLock { $0.blob = (name, content) }
      return content
    }

    @inline(never)
    private static func beyondParity(_ blob: BlobName) -> ChunkStoreError {
      ChunkStoreError(
        .damaged,
        "the blob \(blob) is damaged beyond what its parity can mend; restore it from another copy "
          + "of the repository, or run verify to see what it affects",
        blob: blob)
    }
  }
#endif
