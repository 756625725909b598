#if Parity
  public import CairnChunks
  public import CairnCore

  extension ParityTarget {
    /// Reads protected blobs and their parity, and reports what is damaged.
    ///
    /// Memory: 1 MiB and a sidecar; of a damaged blob, all of it, twice.
    ///
    /// - Parameters:
    ///   - prefix: with what the names of the blobs begin.
    ///   - mending: writes what can be mended again, as ``mend(_:)`` does. One at a time may do that.
    ///   - progress: is told of blobs and bytes.
    /// - Throws: `ChunkStoreError`: the failure of the target, or that the task was cancelled. What is
    ///   damaged is in the report, and so is what the disk says it cannot read.
    public func scrub(
      _ prefix: String = "", mending: Bool = false, progress: any ProgressReporter = NoProgress()
    ) async throws(ChunkStoreError) -> ScrubReport {
      var report = ScrubReport()
      for name in try await sparedBlobs(prefix) {
        if let finding = try await endMending(of: name, mending: mending) {
          report.findings.append(finding)
        }
      }
      for part in protectedParts(of: prefix) {
        try await base.forEachBlob(part) { (blob) async throws(ChunkStoreError) in
          guard sidecarName(of: blob.name) != nil else { return }
          let finding: ParityFinding
          do throws(ChunkStoreError) {
            finding = try await look(at: blob.name, mending: mending)
          } catch {
            // Somebody may have deleted it since it was listed.
            guard error.code == .missing else { throw error }
            return
          }
          if finding.state == .lost, finding.sidecar == .unprotected { return }
          report.blobs += 1
          report.bytes += blob.size
          if finding.state == .unprotected, finding.sidecar == .unprotected {
            report.unprotected += 1
          } else if finding.state != .sound || finding.sidecar != .sound {
            report.findings.append(finding)
          }
          try progress.tell("scrub", report.blobs, report.bytes)
        }
      }
      return report
    }

    /// A mending that was cut short: the blob may be gone, and what is to become it is there.
    private func endMending(
      of name: BlobName, mending: Bool
    ) async throws(ChunkStoreError) -> ParityFinding? {
      guard try await base.size(of: name) != nil else {
        let finding = try await look(at: name, mending: mending)
        return finding.sidecar == .unprotected ? nil : finding
      }
      if mending, let spare = BlobName(ParityFolder.spares + name.description) {
        try await base.delete(spare)
      }
      return nil
    }

    /// What parity says of one blob. Changes nothing.
    ///
    /// - Throws: what the target throws.
    public func examine(_ name: BlobName) async throws(ChunkStoreError) -> ParityFinding {
      try await look(at: name, mending: false)
    }

    /// Mends one blob and its sidecar, if they are damaged.
    ///
    /// A blob cannot be replaced in one step: the mended one is stored under another name first, and for
    /// a moment, the blob is missing. What is cut short there, the next mending or scrub ends.
    ///
    /// - Throws: what the target throws.
    @discardableResult
    public func mend(_ name: BlobName) async throws(ChunkStoreError) -> ParityFinding {
      try await look(at: name, mending: true)
    }

    // MARK: One blob

    private func look(
      at name: BlobName, mending: Bool
    ) async throws(ChunkStoreError) -> ParityFinding {
      guard let place = sidecarName(of: name) else {
        return ParityFinding(
          blob: name, state: .unprotected, sidecar: .unprotected, damagedShards: 0)
      }
      let sidecar = try await usableSidecar(of: name)
      guard let size = try await base.size(of: name) else {
        return try await lookAtSpare(of: name, sidecar, mending: mending)
      }
      guard let sidecar else {
        return try await lookWithoutParity(at: name, size: size, place, mending: mending)
      }
      let damaged = try await damage(of: name, size: size, by: sidecar)
      func finding(_ state: ParityFinding.State, _ side: ParityFinding.State) -> ParityFinding {
        ParityFinding(blob: name, state: state, sidecar: side, damagedShards: damaged.count)
      }
      let isSidecarSound = sidecar.isSound
      if damaged.isEmpty, size == Int64(sidecar.layout.blobSize) {
        guard !isSidecarSound else { return finding(.sound, .sound) }
        guard mending else { return finding(.sound, .mendable) }
        try await rewriteSidecar(place, sidecar.layout, of: try await readable(name, 0..<size))
        return finding(.sound, .mended)
      }
      switch try await recover(name, size: size, damaged, by: sidecar) {
      case .sound(let bytes):
        guard mending else {
          return ParityFinding(blob: name, state: .sound, sidecar: .mendable, damagedShards: 0)
        }
        try await rewriteSidecar(place, sidecar.layout, of: bytes)
        return ParityFinding(blob: name, state: .sound, sidecar: .mended, damagedShards: 0)
      case .mended(let bytes):
        guard mending else { return finding(.mendable, isSidecarSound ? .sound : .mendable) }
        try await rewrite(name, bytes)
        guard !isSidecarSound else { return finding(.mended, .sound) }
        try await rewriteSidecar(place, sidecar.layout, of: bytes)
        return finding(.mended, .mended)
      case .partly, .lost:
        return finding(.lost, isSidecarSound ? .sound : .lost)
      }
    }

    /// A blob that has no sidecar, or one of which nothing can be made.
    private func lookWithoutParity(
      at name: BlobName, size: Int64, _ place: BlobName, mending: Bool
    ) async throws(ChunkStoreError) -> ParityFinding {
      func finding(_ state: ParityFinding.State, _ side: ParityFinding.State) -> ParityFinding {
        ParityFinding(blob: name, state: state, sidecar: side, damagedShards: 0)
      }
      guard try await base.size(of: place) != nil, let layout = ParityLayout(of: size, options)
      else { return finding(.unprotected, .unprotected) }
      let bytes = try await readable(name, 0..<size)
      let isDigest = name.isDigest(of: bytes)
      guard isDigest != false else { return finding(.lost, .lost) }
      // Of others, what is there now counts as what they should be.
      let state: ParityFinding.State = isDigest == nil ? .unprotected : .sound
      guard mending else { return finding(state, .mendable) }
      try await rewriteSidecar(place, layout, of: bytes)
      return finding(state, .mended)
    }

    func rewriteSidecar(
      _ place: BlobName, _ layout: ParityLayout, of bytes: [UInt8]
    ) async throws(ChunkStoreError) {
      let sidecar = await Self.threads.run { Sidecar(layout, of: bytes) }
      try await replace(place, sidecar.bytes)
    }

    // MARK: Writing again

    private func rewrite(_ name: BlobName, _ bytes: [UInt8]) async throws(ChunkStoreError) {
      guard let spare = BlobName(ParityFolder.spares + name.description) else {
        throw ChunkStoreError(.invalid, "the name \(name) is too long to mend the blob", blob: name)
      }
      do throws(ChunkStoreError) {
        try await base.put(spare, BlobSource(bytes))
      } catch {
        guard error.code == .conflict else { throw error }
        try await replace(spare, bytes)
      }
      try await base.delete(name)
      try await restore(name, from: spare, bytes)
    }

    /// Gives a mended blob its name.
    private func restore(
      _ name: BlobName, from spare: BlobName, _ bytes: [UInt8]
    ) async throws(ChunkStoreError) {
      try await base.put(name, BlobSource(bytes))
      // Whoever deleted the blob meanwhile began with its sidecar.
      if let place = sidecarName(of: name), try await base.size(of: place) == nil {
        try await base.delete(name)
      }
      try await base.delete(spare)
    }

    /// A blob that is gone: perhaps a mending was cut short.
    private func lookAtSpare(
      of name: BlobName, _ sidecar: Sidecar?, mending: Bool
    ) async throws(ChunkStoreError) -> ParityFinding {
      func finding(_ state: ParityFinding.State) -> ParityFinding {
        ParityFinding(
          blob: name, state: state, sidecar: sidecar == nil ? .unprotected : .sound,
          damagedShards: sidecar?.layout.shards ?? 0)
      }
      guard let spare = BlobName(ParityFolder.spares + name.description),
        let size = try await base.size(of: spare)
      else { return finding(.lost) }
      guard let sidecar else {
        // It was deleted since.
        if mending { try await base.delete(spare) }
        return finding(.lost)
      }
      guard size == Int64(sidecar.layout.blobSize) else { return finding(.lost) }
      let bytes = try await readable(spare, 0..<size)
      var check = BlobCheck(sidecar)
      check.take(bytes)
      check.finish()
      guard name.isDigest(of: bytes) ?? check.damaged.isEmpty else { return finding(.lost) }
      guard mending else { return finding(.mendable) }
      try await restore(name, from: spare, bytes)
      return finding(.mended)
    }

    /// The blobs of which a mended one waits for its name.
    func sparedBlobs(_ prefix: String) async throws(ChunkStoreError) -> [BlobName] {
      var names: [BlobName] = []
      try await base.forEachBlob(ParityFolder.spares + prefix) { (blob) throws(ChunkStoreError) in
        if let name = BlobName(String(blob.name.description.dropFirst(ParityFolder.spares.count))) {
          names.append(name)
        }
      }
      return names
    }

    /// Prefixes of all protected blobs whose names begin with `prefix`.
    func protectedParts(of prefix: String) -> [String] {
      prefixes.compactMap {
        prefix.hasPrefix($0) ? prefix : $0.hasPrefix(prefix) ? $0 : nil
      }
    }
  }

  extension ProgressReporter {
    /// Reports, and ends the operation if that throws.
    func tell(_ phase: String, _ blobs: Int64, _ bytes: Int64) throws(ChunkStoreError) {
      guard !Task.isCancelled else {
        throw ChunkStoreError(.cancelled, "the operation was cancelled")
      }
      do {
        try report(Progress(phase: phase, unit: "blobs", completed: blobs, bytes: bytes))
      } catch {
        throw ChunkStoreError(
          .cancelled, "the operation was ended by its progress report: \(error)")
      }
    }
  }
#endif
