public import CairnCore
import CairnCrypto

extension RepositoryWriter {
  /// Checks what can be checked by somebody who may not read: that every way in, index blob and root
  /// has the bytes that its name says, that index blobs and the roots that were published with this
  /// key are signed, and that the packs are there, in the sizes that the index says; in a sample of
  /// the packs or in all, as `options` ask, that every byte is as it was stored. Changes nothing.
  ///
  /// Whether what a root needs is there, only an owner or a reader can tell: here, every pack counts as
  /// missing that the index describes, even one that a collection has just deleted. An owner's check is
  /// that of ``Repository/verify(_:progress:)``.
  ///
  /// - Parameter progress: is told of packs and bytes.
  /// - Throws: ``ChunkStoreError`` if the target itself cannot be listed or read, also for now only, or
  ///   if the task is cancelled; what is damaged or missing is in the report, and so is a blob that
  ///   will not be read until somebody does something.
  public func verify(
    _ options: VerifyOptions = VerifyOptions(), progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> VerifyReport {
    guard capability == .writer else {
      return try await repository.verify(options, progress: progress)
    }
    let reading = try await PackReading(options, .names, of: id, progress)
    var report = VerifyReport()
    for folder in [BlobFolder.keys, BlobFolder.access, BlobFolder.roots] {
      let blobs = try await target.blobs(folder)
      for blob in blobs {
        try await repository.note(&report) { () async throws(ChunkStoreError) in
          _ = try await target.getNamedByContent(blob.name)
        }
      }
      if folder == BlobFolder.roots { report.roots = Int64(blobs.count) }
    }
    try await repository.verifyAnnouncements(&report)
    _ = try await roots { report.append($0) }
    try await repository.refresh { (error) throws(ChunkStoreError) in
      guard error.isAboutBlob else { throw error }
      report.append(error)
    }
    report.indexBlobs = Int64(try await target.blobs(BlobFolder.index).count)
    var packs: [BlobInfo] = []
    let condemned = try await repository.condemnedPacks { report.append($0) }
    let unknown = try await repository.packsOutsideIndex(but: condemned)
    try await target.forEachBlob(BlobFolder.packs) { packs.append($0) }
    report.packs = Int64(packs.count)
    report.packsOutsideIndex = Int64(unknown.count)
    try checkSizes(of: packs, &report)
    let (possible, impossible) = packs.reduce(into: ([BlobInfo](), [BlobInfo]())) {
      if PackFormat.isPossible($1.size) { $0.0.append($1) } else { $0.1.append($1) }
    }
    for blob in impossible { report.append(.impossiblePack(blob)) }
    try await reading.checkNames(of: possible, on: target, &report)
    return report
  }

  /// Compares the packs on the target with those of the index.
  private func checkSizes(
    of packs: [BlobInfo], _ report: inout VerifyReport
  ) throws(ChunkStoreError) {
    let sizes = Dictionary(packs.map { ($0.name, $0.size) }) { first, _ in first }
    let index = repository.loadedIndex
    for number in 0..<index.packCount {
      let pack = try index.pack(number)
      switch sizes[pack.blob] {
      case nil: report.append(.missing(pack.blob))
      case pack.size: break
      case .some(let size):
        report.append(.damaged(pack.blob, "it has \(size) bytes instead of \(pack.size)"))
      }
    }
  }
}
