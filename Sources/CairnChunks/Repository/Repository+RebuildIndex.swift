public import CairnCore
import CairnCrypto
import Synchronization
public import SystemPackage

/// What ``Repository/rebuildIndex(spoolDirectory:progress:)`` did.
public struct IndexRebuildReport: Sendable, Codable, Hashable {
  /// The packs that are described now.
  public var packs: Int64 = 0
  /// The chunks in them.
  public var chunks: Int64 = 0
  /// Packs whose own tables do not open; what the index said of them was kept.
  public var packsDescribedByOldIndex: Int64 = 0
  /// Packs that nothing describes: what is wrong with each. They were left as they are.
  public var problems: [String] = []
  /// The index blob that was written, if there are packs.
  public var written: String?
  /// Index blobs that were removed, being of no more use.
  public var removed: [String] = []
  /// Those of them that were damaged.
  public var damaged: [String] = []
  /// Index blobs of newer programs, which were left as they are, and those that could not be removed.
  public var kept: [String] = []
}

extension Repository {
  /// Writes the index anew from the tables of the packs: for when index blobs are lost, damaged, or
  /// not believed.
  ///
  /// Packs are not changed. Index blobs that there were before are removed when the new one is
  /// durable; whenever it is stopped, the index is whole, or as it was. Sessions may go on meanwhile.
  /// Needs an identity that opens packs, and reads some 70 KiB of each.
  ///
  /// - Parameters:
  ///   - spoolDirectory: where the blob grows on targets that name no place of their own.
  ///   - progress: is told of packs; ends the operation if it throws.
  /// - Throws: ``ChunkStoreError`` if the target cannot be listed, read or written; what is wrong with
  ///   packs is in the report.
  public func rebuildIndex(
    spoolDirectory: FilePath = "/var/tmp", progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> IndexRebuildReport {
    try await loadWhatIsSound()
    let old = try await target.blobs(BlobFolder.index)
    let packs = try await target.blobs(BlobFolder.packs)
    let condemned = try await condemnedPacks { _ in }
    return try await ThreadPool.engines.run { [self] () throws(ChunkStoreError) in
      try rebuildIndex(of: packs, condemned, replacing: old, spoolDirectory, progress)
    }
  }

  func loadWhatIsSound() async throws(ChunkStoreError) {
    try await refresh { (error) throws(ChunkStoreError) in
      guard error.isAboutBlob else { throw error }
    }
  }

  private func rebuildIndex(
    of packs: [BlobInfo], _ condemned: Set<Digest>, replacing old: [BlobInfo],
    _ spoolDirectory: FilePath, _ progress: any ProgressReporter
  ) throws(ChunkStoreError) -> IndexRebuildReport {
    var report = IndexRebuildReport()
    let outdated = try outdatedBlobs(of: old, &report)
    var file = try IndexBlobFile(
      in: makeSpool(or: spoolDirectory), keyring,
      replacing: outdated.compactMap(\.name.contentDigest))
    var unreadable: [Digest: ChunkStoreError] = [:]
    let tail = PackTail(target: target, keys: packKeys)
    for (number, blob) in packs.enumerated() {
      do throws(ChunkStoreError) {
        let (pack, table) = try tail.read(blob)
        // A repair may have condemned it for what it says that it holds, and does not.
        if condemned.contains(pack.digest), let (_, error) = try problem(of: pack.digest, pack) {
          throw error
        }
        try file.append(pack, table: table.encoded)
        try index.insert(pack, PackContents(table))
        report.packs += 1
        report.chunks += Int64(table.entries.count)
      } catch {
        guard error.isAboutBlob else { throw error }
        if let digest = blob.name.contentDigest { unreadable[digest] = error }
      }
      try tell(progress, number + 1, of: packs.count)
    }
    try describe(&unreadable, from: outdated, in: &file, &report)
    report.problems = unreadable.values.map(\.description).sorted()
    if report.packs > 0 {
      let (name, source) = try file.finish()
      try target.putBlocking(name, source)
      report.written = name.description
      if let digest = name.contentDigest {
        indexBlobs.withLock {
          $0.insert(
            digest, size: source.byteCount, replacing: outdated.compactMap(\.name.contentDigest))
        }
      }
    }
    remove(outdated, &report)
    return report
  }

  /// The index blobs that a new one can take the place of.
  private func outdatedBlobs(
    of old: [BlobInfo], _ report: inout IndexRebuildReport
  ) throws(ChunkStoreError) -> [BlobInfo] {
    var outdated: [BlobInfo] = []
    for blob in old {
      do throws(ChunkStoreError) {
        var reader = try IndexBlobReader(blob, on: target, keyring)
        while try reader.next() != nil {}
        outdated.append(blob)
      } catch {
        switch error.code {
        case .damaged:
          report.damaged.append(blob.name.description)
          outdated.append(blob)
        case .missing: continue
        case .newerFormat: report.kept.append(blob.name.description)
        default: throw error
        }
      }
    }
    return outdated
  }

  /// Takes over what is known of packs that cannot be read.
  private func describe(
    _ unreadable: inout [Digest: ChunkStoreError], from old: [BlobInfo],
    in file: inout IndexBlobFile, _ report: inout IndexRebuildReport
  ) throws(ChunkStoreError) {
    for blob in old where !unreadable.isEmpty {
      do throws(ChunkStoreError) {
        var reader = try IndexBlobReader(blob, on: target, keyring)
        while let element = try reader.next() {
          guard case .pack(let pack, let table) = element, unreadable[pack.digest] != nil else {
            continue
          }
          try file.append(pack, table: table)
          unreadable[pack.digest] = nil
          report.packs += 1
          report.packsDescribedByOldIndex += 1
          report.chunks += Int64(try PackTable(table, in: blob.name).entries.count)
        }
      } catch {
        guard error.isAboutBlob else { throw error }
      }
    }
  }

  private func remove(_ outdated: [BlobInfo], _ report: inout IndexRebuildReport) {
    for blob in outdated {
      do throws(ChunkStoreError) {
        try target.deleteBlocking(blob.name)
        report.removed.append(blob.name.description)
        if let digest = blob.name.contentDigest {
          indexBlobs.withLock { $0.remove(digest) }
        }
      } catch {
        report.kept.append(blob.name.description)
      }
    }
  }

  private func tell(
    _ progress: any ProgressReporter, _ completed: Int, of total: Int
  ) throws(ChunkStoreError) {
    do {
      try progress.report(
        Progress(
          phase: "read the tables of packs", unit: "packs", completed: Int64(completed),
          total: Int64(total), bytes: 0))
    } catch {
      throw ChunkStoreError(.cancelled, "the operation was ended by its progress report: \(error)")
    }
  }

  /// A temporary file for what is to be put: on the target's file system, if it names one.
  func makeSpool(or directory: FilePath) throws(ChunkStoreError) -> SpooledFile {
    do throws(IOError) {
      if let directory = target as? DirectoryTarget { return try directory.makeSpool() }
      return try SpooledFile(in: target.spoolDirectory ?? directory)
    } catch {
      throw ChunkStoreError(.targetFailed, "cannot make a temporary file", cause: error)
    }
  }
}
