public import CairnCore

extension Repository {
  /// Checks what can be checked of a repository by somebody who has no key: that the descriptor is
  /// whole, and that every blob is the one that its name says; of packs a sample or all, as `options`
  /// ask, and for ``VerifyOptions/Depth/structure`` their names alone. Changes nothing.
  ///
  /// A blob that is gone is not missed: whether something needs it, only its reader can tell.
  ///
  /// - Parameter progress: is told of packs and bytes.
  /// - Throws: ``ChunkStoreError/Code/noRepository``; ``ChunkStoreError`` if the target itself cannot
  ///   be listed or read, or if the task is cancelled; what is damaged is in the report.
  public static func verifyNames(
    on target: any Target, _ options: VerifyOptions = VerifyOptions(.data),
    progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> VerifyReport {
    let descriptor = try await readDescriptor(on: target)
    let reading = try await PackReading(options, .names, of: descriptor.id, progress)
    var report = VerifyReport()
    for folder in BlobFolder.small {
      let blobs = try await target.blobs(folder)
      if folder == BlobFolder.roots { report.roots = Int64(blobs.count) }
      if folder == BlobFolder.index { report.indexBlobs = Int64(blobs.count) }
      report = try await ThreadPool.engines.run { [report] () throws(ChunkStoreError) in
        var report = report
        for blob in blobs {
          do throws(ChunkStoreError) {
            try target.checkNameBlocking(of: blob)
          } catch {
            // It may have been merged, forgotten or lifted since it was listed.
            if error.code == .missing, try target.sizeBlocking(of: blob.name) == nil { continue }
            guard error.isAboutBlob else { throw error }
            report.append(error)
          }
        }
        return report
      }
    }
    var packs: [BlobInfo] = []
    try await target.forEachBlob(BlobFolder.packs) { (blob) throws(ChunkStoreError) in
      guard let digest = blob.name.contentDigest, BlobName.pack(digest) == blob.name else {
        report.append(.damaged(blob.name, "its name is not that of a pack"))
        return
      }
      guard PackFormat.isPossible(blob.size) else {
        report.append(.impossiblePack(blob))
        return
      }
      packs.append(blob)
    }
    report.packs = Int64(packs.count)
    try await reading.checkNames(of: packs, on: target, &report)
    return report
  }
}
