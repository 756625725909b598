import CairnCore
import CairnCrypto
import Synchronization

extension Repository {
  /// Reads the index blobs that are not known yet. Reading and writing do so by themselves once;
  /// call it to see what others have written since.
  ///
  /// Memory is bounded, whatever the size of the index, but for what ``ChunkIndex`` keeps of it.
  public func refresh() async throws(ChunkStoreError) {
    try await refresh { (error) throws(ChunkStoreError) in throw error }
  }

  /// How often the list is asked for while blobs vanish from it.
  private static var maximumListings: Int { 8 }

  /// - Parameter onDamage: told of each index blob that cannot be used.
  func refresh(
    onDamage: (ChunkStoreError) throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    try await openSavedIndex()
    // A session must not take for stored what was in packs that are gone; who reads or verifies
    // learns their names.
    let present = hasSessions.withLock { $0 } ? try await listPacks() : nil
    var vanished: ChunkStoreError?
    for _ in 0..<Self.maximumListings {
      vanished = nil
      // The largest first: what a merged blob replaces need not be read.
      let listed = try await target.blobs(BlobFolder.index).sorted { $0.size > $1.size }
      for blob in listed {
        if let digest = blob.name.contentDigest,
          indexBlobs.withLock({ $0.contains(digest) })
        {
          continue
        }
        guard let error = await loadIndexBlob(blob, present) else { continue }
        if error.code == .missing, error.blob == blob.name {
          // It was merged with others meanwhile. What it said is in a blob that was not listed.
          vanished = error
        } else if error.code == .damaged {
          try onDamage(
            ChunkStoreError(
              .damaged,
              "the index blob \(blob.name) is damaged; remove it, and the next backup writes it "
                + "anew from the packs", blob: blob.name))
        } else {
          try onDamage(error)
        }
      }
      let digests = Set(listed.compactMap(\.name.contentDigest))
      guard vanished == nil else { continue }
      if try await isSavedIndexStale(digests) { continue }
      indexBlobs.withLock { $0.retain(digests) }
      break
    }
    if let vanished { try onDamage(vanished) }
    didLoadIndex()
    try await ThreadPool.blocking.run { [self] () throws(ChunkStoreError) -> Void in
      try saveIndex()
    }
  }

  // MARK: On disk

  private func openSavedIndex() async throws(ChunkStoreError) {
    guard let disk = index as? DiskChunkIndex else { return }
    try await ThreadPool.blocking.run { [self] () throws(ChunkStoreError) -> Void in
      if let blobs = try disk.open(for: id) { indexBlobs.withLock { $0 = blobs } }
    }
  }

  /// Whether the saved index rests on blobs that are gone, so that it was thrown away, and all blobs
  /// are to be read.
  private func isSavedIndexStale(_ listed: Set<Digest>) async throws(ChunkStoreError) -> Bool {
    guard let disk = index as? DiskChunkIndex, !isIndexInUse,
      indexBlobs.withLock({ $0.hasLostAny(notIn: listed) })
    else { return false }
    try await ThreadPool.blocking.run { [self] () throws(ChunkStoreError) -> Void in
      try disk.removeAll()
      indexBlobs.withLock { $0 = IndexBlobSet() }
    }
    return true
  }

  /// Saves an index that is on disk. Blocks.
  func saveIndex() throws(ChunkStoreError) {
    guard let disk = index as? DiskChunkIndex else { return }
    // In this order: a pack that is described meanwhile counts as not described, and not the other
    // way round.
    let undescribed = indexWriter.undescribed
    let blobs = indexBlobs.withLock { $0 }
    try indexStamp.change { () throws(ChunkStoreError) in
      try disk.save(blobs, undescribed: undescribed)
    }
  }

  /// Saves an index on disk that has gathered as much as its memory allows. Blocks.
  func saveIndexIfFull() throws(ChunkStoreError) {
    if let disk = index as? DiskChunkIndex, disk.isFull { try saveIndex() }
  }

  /// - Returns: why it cannot be used, if that is so.
  private func loadIndexBlob(
    _ blob: BlobInfo, _ present: Set<Digest>?
  ) async -> ChunkStoreError? {
    await ThreadPool.blocking.run { [self] () -> ChunkStoreError? in
      do throws(ChunkStoreError) {
        try readIndexBlob(blob, present)
        return nil
      } catch {
        return error
      }
    }
  }

  /// - Parameter present: the packs that are there; `nil` to believe the blob.
  private func readIndexBlob(
    _ blob: BlobInfo, _ present: Set<Digest>?
  ) throws(ChunkStoreError) {
    guard let digest = blob.name.contentDigest, blob.name == .index(digest) else {
      throw .damaged(blob.name, "its name is not that of a part of the index")
    }
    var replaced: [Digest] = []
    var reader = try IndexBlobReader(blob, on: target, keyring)
    while let element = try reader.next() {
      switch element {
      case .replaced(let digest):
        replaced.append(digest)
      case .pack(let pack, let table):
        if try !index.contains(pack.digest), try isThere(pack, listed: present) {
          try index.insert(pack, PackContents(PackTable(table, in: blob.name)))
          // The blob is not noted yet, so it is read again if this ends early.
          try saveIndexIfFull()
        }
      }
    }
    indexBlobs.withLock { $0.insert(digest, size: blob.size, replacing: replaced) }
  }

  // MARK: Packs that are gone

  /// Whether a pack is there that an index blob describes; one that is not among the listed may have
  /// come after they were listed.
  private func isThere(
    _ pack: PackInfo, listed: Set<Digest>?
  ) throws(ChunkStoreError) -> Bool {
    guard let listed, !listed.contains(pack.digest) else { return true }
    return try target.sizeBlocking(of: pack.blob) != nil
  }

  /// The packs on the target.
  func listPacks() async throws(ChunkStoreError) -> Set<Digest> {
    var packs: Set<Digest> = []
    try await target.forEachBlob(BlobFolder.packs) { blob in
      if let digest = blob.name.contentDigest { packs.insert(digest) }
    }
    return packs
  }

  /// Takes packs out of the index that are not on the target, so that what they held is found in
  /// others, or stored again. A lost pack costs no backup that comes after it.
  ///
  /// - Returns: whether there were any.
  @discardableResult
  func dropLostPacks(
    present: Set<Digest>
  ) async throws(ChunkStoreError) -> Bool {
    var lost: Set<Digest> = []
    for number in 0..<index.packCount {
      let pack = try index.pack(number)
      guard !present.contains(pack.digest), try index.contains(pack.digest) else { continue }
      // It may have come after the packs were listed.
      if try await target.size(of: pack.blob) == nil { lost.insert(pack.digest) }
    }
    guard !lost.isEmpty else { return false }
    indexWriter.remove(lost)
    try indexStamp.change { () throws(ChunkStoreError) in
      for pack in lost { try index.withdraw(pack) }
    }
    return true
  }

  /// Looks whether packs were written anew by somebody else, and if so, where their chunks are now.
  func findMovedPacks() async throws(ChunkStoreError) -> Bool {
    let known = try await knowsIndexBlobs()
    // In this order, so that no chunk is absent in between for others who read.
    if !known { try await refresh() }
    let hasDropped = try await dropLostPacks(present: listPacks())
    return hasDropped || !known
  }

  /// Whether every index blob on the target was read.
  func knowsIndexBlobs() async throws(ChunkStoreError) -> Bool {
    try await target.blobs(BlobFolder.index).allSatisfy { blob in
      blob.name.contentDigest.map { digest in indexBlobs.withLock { $0.contains(digest) } } == true
    }
  }

  // MARK: Merging

  /// Merges index blobs where there are many of about one size, so that their number grows with the
  /// logarithm of that of the chunks, and removes those that are replaced.
  ///
  /// The merged blob is durable before they are removed, and names them: whoever finds both reads
  /// one, and whoever may not remove blobs leaves them there. Two that merge the same blobs at once
  /// both say the truth, and are themselves merged some day. Called on a thread of the library's own.
  ///
  /// - Parameters:
  ///   - condemned: packs that a collection may have deleted by now.
  ///   - makeSpool: makes the temporary file in which the merged blob grows.
  func mergeIndexBlobs(
    condemned: Set<Digest>, _ makeSpool: () throws(ChunkStoreError) -> SpooledFile
  ) throws(ChunkStoreError) {
    while let (merged, replaced) = indexBlobs.withLock({ $0.beginMerge() }) {
      defer { indexBlobs.withLock { $0.endMerge() } }
      do throws(ChunkStoreError) {
        try merge(merged, alsoReplacing: replaced, in: makeSpool()) {
          (pack) throws(ChunkStoreError) in
          // What was there when the session began stays, unless it was condemned.
          if try index.contains(pack.digest), !condemned.contains(pack.digest) { return true }
          return try target.sizeBlocking(of: pack.blob) != nil
        }
      } catch {
        // Somebody else has replaced it; the next look at the index finds by what.
        guard error.code == .missing, let gone = error.blob?.contentDigest,
          merged.contains(where: { $0.name.contentDigest == gone })
        else { throw error }
        indexBlobs.withLock { $0.remove(gone) }
      }
    }
  }

  /// Writes one blob that says what some say, with the newest keys, and then removes these, and others
  /// that they had replaced. If nothing is left to say, they are removed.
  ///
  /// - Parameter isKept: whether a pack is described.
  func merge(
    _ merged: [BlobInfo], alsoReplacing others: [Digest], in spool: SpooledFile,
    _ isKept: (PackInfo) throws(ChunkStoreError) -> Bool
  ) throws(ChunkStoreError) {
    let replaced = merged.compactMap(\.name.contentDigest) + others
    var file = try IndexBlobFile(
      in: spool, keyring, replacing: replaced)
    var done: Set<Digest> = []
    var isEmpty = true
    for blob in merged {
      var reader = try IndexBlobReader(blob, on: target, keyring)
      while let element = try reader.next() {
        guard case .pack(let pack, let table) = element, done.insert(pack.digest).inserted,
          try isKept(pack)
        else { continue }
        try file.append(pack, table: table)
        isEmpty = false
      }
    }
    if !isEmpty {
      let (name, source) = try file.finish()
      try target.putBlocking(name, source)
      guard let digest = name.contentDigest else { return }
      indexBlobs.withLock { $0.insert(digest, size: source.byteCount, replacing: replaced) }
    }
    for old in replaced {
      // With credentials that cannot remove they stay, and are passed over.
      guard (try? target.deleteBlocking(.index(old))) != nil else { return }
      indexBlobs.withLock { $0.remove(old) }
    }
  }
}

extension PackTable {
  /// - Parameter blob: the part of the index that holds it.
  init(_ bytes: [UInt8], in blob: BlobName) throws(ChunkStoreError) {
    do {
      try self.init(bytes.span.bytes)
    } catch {
      throw .damaged(blob, "\(error)")
    }
  }
}
