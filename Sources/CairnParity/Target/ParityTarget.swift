#if Parity
  public import CairnChunks
  import CairnCore
  public import SystemPackage

  /// Another target, beside whose blobs parity is kept, so that what rots on its disk can be mended.
  ///
  /// The blobs stay bit for bit what they are, and are read without detour; whoever opens the place
  /// without this finds them as ever. Beside each protected blob lies a sidecar, in a folder that is not
  /// listed through this target. Putting a blob reads its source once more, and holds its sidecar in
  /// memory: 3.5 % of it by default.
  ///
  /// A blob is put before its sidecar, and deleted after it. So a crash, or a writer without this, may
  /// leave a blob without a sidecar, never the wrong one; ``protect(_:progress:)`` makes what is missing.
  /// A put that throws may have stored the blob, which `Target` allows.
  ///
  /// ``scrub(_:mending:progress:)`` finds and mends damage, and ``mended`` reads through it.
  public struct ParityTarget: Target {
    public let base: any Target
    /// How much parity is kept of what is put from now on. What is there tells its own.
    public let options: ParityOptions
    /// With what the names of protected blobs begin.
    public let prefixes: [String]

    /// All of a repository but announcements, which live for hours: those are small, and are signed.
    public static let repositoryPrefixes = [
      "access/", "cairn", "index/", "keys/", "packs/", "roots/",
    ]

    /// - Parameters:
    ///   - options: for new sidecars.
    ///   - prefixes: with what the names of protected blobs begin; none begins with another.
    public init(
      _ base: any Target, _ options: ParityOptions = .standard,
      protecting prefixes: [String] = repositoryPrefixes
    ) {
      self.base = base
      self.options = options
      self.prefixes = prefixes
    }

    public var name: String { base.name }
    public var spoolDirectory: FilePath? { base.spoolDirectory }

    // MARK: Target

    public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
      guard !ParityFolder.contains(name) else {
        throw ChunkStoreError(
          .targetFailed, "\(self.name) keeps parity under names like \(name); choose another name",
          blob: name)
      }
      guard let place = sidecarName(of: name),
        let layout = ParityLayout(of: source.byteCount, options)
      else { return try await base.put(name, source) }
      let sidecar = try await Self.sourceThreads.run { () throws(ChunkStoreError) in
        try Sidecar(layout, of: source, for: name)
      }
      try await base.put(name, source)
      try await putSidecar(sidecar, place, of: source, name)
    }

    public func get(
      _ name: BlobName, range: Range<Int64>?
    ) async throws(ChunkStoreError) -> [UInt8] {
      guard !ParityFolder.contains(name) else { throw .missing(name) }
      return try await base.get(name, range: range)
    }

    public func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
      ParityFolder.contains(name) ? nil : try await base.size(of: name)
    }

    public func list(
      _ prefix: String, after: BlobName?, limit: Int
    ) async throws(ChunkStoreError) -> [BlobInfo] {
      try await ParityFolder.listOthers(base, prefix, after: after, limit: limit)
    }

    public func forEachBlob(
      _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
    ) async throws(ChunkStoreError) {
      guard !prefix.hasPrefix(ParityFolder.all) else { return }
      try await base.forEachBlob(prefix) { (blob) async throws(ChunkStoreError) in
        if !ParityFolder.contains(blob.name) { try await body(blob) }
      }
    }

    public func delete(_ name: BlobName) async throws(ChunkStoreError) {
      guard !ParityFolder.contains(name) else { return }
      if let place = sidecarName(of: name) { try await base.delete(place) }
      try await base.delete(name)
    }

    // MARK: Sidecars

    /// They compute, and wait for nobody.
    static let threads = ThreadPool(limit: availableProcessors())
    /// They read sources of blobs, which may wait for whatever a target does.
    private static let sourceThreads = ThreadPool(limit: 8)

    /// Where the sidecar of a blob is; `nil` if it has none, for its name is too long or not protected.
    func sidecarName(of name: BlobName) -> BlobName? {
      guard prefixes.contains(where: { name.description.hasPrefix($0) }),
        !ParityFolder.contains(name)
      else { return nil }
      return BlobName(ParityFolder.sidecars + name.description)
    }

    /// Stores a new sidecar. One that is there stays if it is whole and tells of the same bytes, perhaps
    /// by other options; otherwise it is damaged, or of a blob that is gone, and is replaced.
    private func putSidecar(
      _ sidecar: Sidecar, _ place: BlobName, of source: BlobSource, _ name: BlobName
    ) async throws(ChunkStoreError) {
      do {
        return try await base.put(place, BlobSource(sidecar.bytes))
      } catch {
        guard error.code == .conflict else { throw error }
      }
      if let present = try await usableSidecar(of: name), present.isSound {
        let isSame = try await Self.sourceThreads.run { () throws(ChunkStoreError) in
          try present.isSidecar(of: source, for: name)
        }
        if isSame { return }
      }
      try await replace(place, sidecar.bytes)
    }

    /// Puts other bytes under a name. Somebody who does the same at this moment does it for the same
    /// blob, so whose bytes remain does not matter.
    func replace(_ name: BlobName, _ bytes: [UInt8]) async throws(ChunkStoreError) {
      try await base.delete(name)
      do {
        try await base.put(name, BlobSource(bytes))
      } catch {
        guard error.code == .conflict else { throw error }
      }
    }

    /// What is kept of a blob, if there is something that can be used.
    ///
    /// - Throws: `ChunkStoreError`: `.newerFormat`, and what the target throws.
    func usableSidecar(of name: BlobName) async throws(ChunkStoreError) -> Sidecar? {
      guard let place = sidecarName(of: name), let size = try await base.size(of: place),
        size <= Int64(ParityLayout.largestSidecar)
      else { return nil }
      let bytes: [UInt8]
      do throws(ChunkStoreError) {
        bytes = try await readable(place, 0..<size)
      } catch {
        guard error.code == .missing else { throw error }
        return nil
      }
      do throws(NewerParity) {
        return try Sidecar(bytes)
      } catch {
        throw ChunkStoreError(
          .newerFormat,
          "the parity of \(name) was written by a newer version; use that one to mend it",
          blob: place)
      }
    }
  }

  extension Sidecar {
    fileprivate init(
      _ layout: ParityLayout, of source: BlobSource, for name: BlobName
    ) throws(ChunkStoreError) {
      try self.init(layout) { (range) throws(ChunkStoreError) in
        try source.read(range, for: name)
      }
    }

    fileprivate func isSidecar(
      of source: BlobSource, for name: BlobName
    ) throws(ChunkStoreError) -> Bool {
      guard source.byteCount == layout.blobSize else { return false }
      var check = BlobCheck(self)
      for range in layout.pieces {
        check.take(try source.read(range, for: name))
        if !check.damaged.isEmpty { return false }
      }
      return true
    }
  }

  extension BlobSource {
    fileprivate func read(
      _ range: Range<Int64>, for name: BlobName
    ) throws(ChunkStoreError) -> [UInt8] {
      do throws(IOError) {
        return try read(range)
      } catch {
        throw ChunkStoreError(
          .targetFailed, "cannot read what is to become \(name)", blob: name, cause: error)
      }
    }
  }

  extension ParityLayout {
    /// The blob in order, in ranges of whole shards of which each is read at once.
    var pieces: [Range<Int64>] {
      let step = max(1, Sidecar.readSize / shardSize) * shardSize
      return stride(from: 0, to: blobSize, by: step).map {
        Int64($0)..<Int64(min($0 + step, blobSize))
      }
    }
  }
#endif
