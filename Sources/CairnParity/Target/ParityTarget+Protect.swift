#if Parity
  public import CairnChunks
  public import CairnCore

  extension ParityTarget {
    /// Gives every protected blob a sidecar that has none, and removes sidecars of blobs that are gone.
    ///
    /// Of a blob whose name ends in its digest, that is checked first. Of others, what is there now counts
    /// as what they should be.
    ///
    /// Memory: a blob and its sidecar, and the names of all sidecars of a prefix.
    ///
    /// - Parameters:
    ///   - prefix: with what the names of the blobs begin.
    ///   - progress: is told of blobs and bytes.
    /// - Throws: the failure of the target, or that the task was cancelled.
    public func protect(
      _ prefix: String = "", progress: any ProgressReporter = NoProgress()
    ) async throws(ChunkStoreError) -> ProtectionReport {
      var report = ProtectionReport()
      var (blobs, bytes): (Int64, Int64) = (0, 0)
      for part in protectedParts(of: prefix) {
        // Before the blobs: one that is put meanwhile has its sidecar after it.
        var sidecars = try await sidecarredBlobs(part)
        try await base.forEachBlob(part) { (blob) async throws(ChunkStoreError) in
          blobs += 1
          bytes += blob.size
          if sidecars.remove(blob.name) != nil {
            report.protectedBefore += 1
          } else {
            try await protect(blob, &report)
          }
          try progress.tell("make parity", blobs, bytes)
        }
        for name in sidecars.sorted() { try await removeOrphan(of: name, &report) }
      }
      return report
    }

    private func protect(
      _ blob: BlobInfo, _ report: inout ProtectionReport
    ) async throws(ChunkStoreError) {
      guard let place = sidecarName(of: blob.name),
        let layout = ParityLayout(of: blob.size, options)
      else {
        report.unprotected.append(blob.name)
        return
      }
      let bytes: [UInt8]
      do throws(ChunkStoreError) {
        bytes = try await base.get(blob.name, range: 0..<blob.size)
      } catch {
        // Somebody may have deleted it since it was listed.
        guard error.code == .missing else { throw error }
        return
      }
      let sidecar = await Self.threads.run { () -> Sidecar? in
        guard bytes.count == blob.size, blob.name.isDigest(of: bytes) != false else { return nil }
        return Sidecar(layout, of: bytes)
      }
      guard let sidecar else {
        report.damaged.append(blob.name)
        return
      }
      do throws(ChunkStoreError) {
        try await base.put(place, BlobSource(sidecar.bytes))
      } catch {
        // Whoever has just put the blob has put a sidecar by other options.
        guard error.code == .conflict else { throw error }
      }
      report.protected += 1
      report.parityBytes += Int64(sidecar.bytes.count)
    }

    private func sidecarredBlobs(_ prefix: String) async throws(ChunkStoreError) -> Set<BlobName> {
      var names: Set<BlobName> = []
      try await base.forEachBlob(ParityFolder.sidecars + prefix) {
        (blob) throws(ChunkStoreError) in
        let text = blob.name.description.dropFirst(ParityFolder.sidecars.count)
        if let name = BlobName(String(text)) { names.insert(name) }
      }
      return names
    }

    private func removeOrphan(
      of name: BlobName, _ report: inout ProtectionReport
    ) async throws(ChunkStoreError) {
      guard let place = sidecarName(of: name), try await base.size(of: name) == nil else { return }
      // A mending that was cut short needs it.
      if let spare = BlobName(ParityFolder.spares + name.description),
        try await base.size(of: spare) != nil
      {
        return
      }
      try await base.delete(place)
      report.removedSidecars += 1
    }
  }
#endif
