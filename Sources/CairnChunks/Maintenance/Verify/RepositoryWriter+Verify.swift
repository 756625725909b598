public import CairnCore
import CairnCrypto

extension RepositoryWriter {
  /// Checks what can be checked by somebody who may not read: that every way in, index blob and root
  /// has the bytes that its name says, that index blobs and the roots that were published with this
  /// key are signed, and that the packs are there, in the sizes that the index says; in a sample of
  /// the packs or in all, as `options` ask, that every byte is as it was stored. Changes nothing.
  ///
  /// Whether what a root needs is there, only an owner or a reader can tell: here, a pack counts as
  /// missing if it is gone while the index still describes it and no collection has announced that it
  /// may go. One that was announced is counted in ``VerifyReport/gonePacks``; if something needs it after
  /// all, the check of an owner finds that out, ``Repository/verify(_:progress:)``.
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
          do throws(ChunkStoreError) {
            _ = try await target.getNamedByContent(blob.name)
          } catch {
            // Somebody removed it since it was listed.
            if error.code != .missing { throw error }
            if try await target.size(of: blob.name) != nil { throw error }
          }
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
    let gone = try checkSizes(of: packs, &report)
    try await judge(gone, &report)
    let (possible, impossible) = packs.reduce(into: ([BlobInfo](), [BlobInfo]())) {
      if PackFormat.isPossible($1.size) { $0.0.append($1) } else { $0.1.append($1) }
    }
    for blob in impossible { report.append(.impossiblePack(blob)) }
    try await reading.checkNames(of: possible, on: target, &report)
    return report
  }

  /// Compares the packs on the target with those of the index.
  ///
  /// - Returns: those of the index that are not there.
  private func checkSizes(
    of packs: [BlobInfo], _ report: inout VerifyReport
  ) throws(ChunkStoreError) -> Set<Digest> {
    let sizes = Dictionary(packs.map { ($0.name, $0.size) }) { first, _ in first }
    let index = repository.loadedIndex
    var gone: Set<Digest> = []
    for number in 0..<index.packCount {
      let pack = try index.pack(number)
      switch sizes[pack.blob] {
      case nil: gone.insert(pack.digest)
      case pack.size: break
      case .some(let size):
        report.append(.damaged(pack.blob, "it has \(size) bytes instead of \(pack.size)"))
      }
    }
    return gone
  }

  /// Reports those of some packs that are lost, after it was seen that they are not there.
  ///
  /// A collection condemns packs, takes them out of the index, deletes them, and only then takes back
  /// the condemnation: so who reads that before the index finds every pack that it deleted in the one
  /// or not in the other.
  private func judge(
    _ gone: Set<Digest>, _ report: inout VerifyReport
  ) async throws(ChunkStoreError) {
    guard !gone.isEmpty else { return }
    let condemned = try await repository.condemnedPacks { _ in }
    for pack in try await stillDescribed(gone).sorted() {
      // It may have been put again.
      guard try await target.size(of: .pack(pack)) == nil else { continue }
      if condemned.contains(pack) {
        report.gonePacks += 1
      } else {
        report.append(.missing(.pack(pack)))
      }
    }
  }

  /// Those of some packs that the index blobs describe which are there now.
  private func stillDescribed(
    _ packs: Set<Digest>
  ) async throws(ChunkStoreError) -> Set<Digest> {
    let repository = repository
    var isRepeated = false
    while true {
      let blobs = try await target.blobs(BlobFolder.index)
      let (found, isWhole) = try await ThreadPool.engines.run {
        () throws(ChunkStoreError) in try repository.packs(packs, describedBy: blobs)
      }
      // Where a blob was replaced meanwhile, what it said is in one that was not listed.
      if isWhole || isRepeated { return found }
      isRepeated = true
    }
  }
}

extension Repository {
  /// Those of some packs that index blobs describe which no other has replaced. Blocks.
  ///
  /// - Returns: the packs, and whether all blobs were there; damaged ones are passed over.
  fileprivate func packs(
    _ packs: Set<Digest>, describedBy blobs: [BlobInfo]
  ) throws(ChunkStoreError) -> (found: Set<Digest>, isWhole: Bool) {
    var described: [Digest: Set<Digest>] = [:]
    var replaced: Set<Digest> = []
    var isWhole = true
    for blob in blobs {
      guard let name = blob.name.contentDigest else { continue }
      do throws(ChunkStoreError) {
        var reader = try IndexBlobReader(blob, on: target, keyring)
        while let element = try reader.next() {
          switch element {
          case .replaced(let digest): replaced.insert(digest)
          case .pack(let pack, _):
            if packs.contains(pack.digest) { described[name, default: []].insert(pack.digest) }
          }
        }
      } catch {
        guard error.isAboutBlob else { throw error }
        if error.code == .missing { isWhole = false }
      }
    }
    let found = described.filter { !replaced.contains($0.key) }.values
    return (found.reduce(into: []) { $0.formUnion($1) }, isWhole)
  }
}
