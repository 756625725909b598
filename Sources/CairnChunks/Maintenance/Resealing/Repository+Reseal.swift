public import CairnCore
import CairnCrypto

extension Repository {
  /// Finds out what is sealed for older keys than the newest. Changes nothing.
  ///
  /// Reads the beginning of each pack, index blob and root; memory as for
  /// ``planCollection(_:)``.
  ///
  /// - Parameter afterRotation: plans as if ``rotateKeys()`` had been called now: what is sealed for
  ///   today's newest keys counts as well, unless that call would only complete an interrupted change.
  ///   Such a plan is for looking at: ``reseal(_:options:progress:)`` needs one of an object that was
  ///   opened with the new keys.
  /// - Throws: ``ChunkStoreError/Code/notPermitted`` unless an owner asks;
  ///   ``ChunkStoreError/Code/missing`` or ``ChunkStoreError/Code/damaged`` if a root is not whole.
  public func planResealing(
    afterRotation: Bool = false
  ) async throws(ChunkStoreError) -> ResealingPlan {
    try requireOwner("seal it anew")
    var (epoch, newest): (Int, Access?) = (access.epoch, access)
    if afterRotation, try await hasCompleteEpoch() {
      (epoch, newest) = (access.epoch + 1, nil)
    }
    // The roots come before the index: what they lead to is there when they are published.
    let sessions = try await board.sessions()
    let marking = try await marking(sessions)
    try await loadIndexOfAllPacks()
    let condemned = try await condemnedPacks()
    let roots = try await target.blobs(BlobFolder.roots)
    let indexBlobs = try await target.blobs(BlobFolder.index)
    let census = try await PackCensus(self)
    return try await onEngine { [epoch, newest] () throws(ChunkStoreError) in
      var plan = ResealingPlan()
      plan.epoch = epoch
      plan.openSessions = Int64(sessions.values.count { $0.isOpen })
      plan.roots = try self.sealed(roots, .root, unlessFor: newest).map(\.name)
      for blob in try self.sealed(indexBlobs, .index, unlessFor: newest) {
        plan.indexBlobs.append(blob.name)
        plan.indexBytes += blob.size
      }
      let packs = census.packs.map { BlobInfo(name: .pack($0.key), size: $0.value) }
      let old = try self.sealed(packs.sorted { $0.name < $1.name }, .root, unlessFor: newest) {
        _ in plan.unreadablePacks += 1
      }
      let sizes = Dictionary(uniqueKeysWithValues: old.map { ($0.name, $0.size) })
      let digests = Set(old.compactMap(\.name.contentDigest))
      return try self.indexStamp.withoutChange { () throws(ChunkStoreError) in
        var plan = plan
        var readable: Set<BlobName> = []
        try self.forEachMoved(from: digests, condemned, try self.live(marking), census) {
          pack, moved, total in
          readable.insert(pack.blob)
          plan.chunks += Int64(moved.count)
          let bytes = moved.reduce(0) { $0 + Int64($1.recordLength) }
          plan.movedBytes += Int64(Double(pack.size) * Double(bytes) / Double(max(total, 1)))
        }
        plan.packs = readable.sorted()
        plan.packBytes = readable.reduce(0) { $0 + (sizes[$1] ?? 0) }
        plan.unreadablePacks += Int64(old.count - readable.count)
        return plan
      }
    }
  }

  /// Seals with the newest keys what is sealed for older ones: so that whoever had these opens nothing
  /// of it any more, unless he has copies of blobs from before.
  ///
  /// Chunks that are needed are stored once more, in packs with new keys of their own; each root
  /// is published again, under another id, and ``Root/origin`` tells the old one; index blobs are written
  /// anew. Blobs never change, so all of it is read and written; nothing would be saved by keeping the
  /// keys of packs and changing who opens them, and whoever had noted these could read on.
  ///
  /// What has taken its place is durable before anything is removed, and packs are deleted by the
  /// rules of ``collectGarbage(_:options:progress:)``: no root that was committed loses a chunk, others
  /// write, read and collect meanwhile, and what open sessions may need stays for the next time.
  /// Wherever it is stopped, the next one goes on with what is left. Until then, the target holds both.
  ///
  /// What is not sealed anew: announcements of sessions, which name no content and go when these have
  /// ended; and what programs write that opened the repository before the keys were changed. Those
  /// who stay keep the older keys for that. Look at ``changes(since:)`` before: a root that was made with
  /// stolen keys would count as everybody's afterwards.
  ///
  /// - Parameters:
  ///   - plan: looked at before; planned now by default.
  ///   - options: how long sessions are waited for, and how chunks are stored.
  ///   - progress: is told of packs.
  /// - Throws: ``ChunkStoreError``, as ``planResealing(afterRotation:)`` does. This object must have been opened
  ///   since the keys were changed; else it knows none newer, and there is nothing to do.
  public func reseal(
    _ plan: ResealingPlan? = nil, options: CollectionOptions = CollectionOptions(),
    progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> ResealingReport {
    try requireOwner("seal it anew")
    let planned: ResealingPlan
    if let plan { planned = plan } else { planned = try await planResealing() }
    let packs = Set(planned.packs.compactMap(\.contentDigest))
    var report = ResealingReport()
    if !packs.isEmpty || !planned.roots.isEmpty {
      // As for a plan, in this order.
      let marking = try await marking(board.sessions())
      try await loadIndexOfAllPacks()
      let session = try await startSession(options.session, avoiding: packs)
      do {
        try await moveChunks(from: packs, marking, session, progress)
        report.roots = try await publishAgain(planned.roots, session)
        report.store = session.statistics
      } catch {
        try? await session.end()
        throw error
      }
      try await session.end()
    }
    if !packs.isEmpty {
      try await deleteUnneeded(packs, options, &report.collection, progress)
    }
    report.indexBlobs = try await resealIndexBlobs(options)
    return report
  }

  // MARK: What older keys open

  /// Those of some blobs that some keys do not open.
  ///
  /// - Parameters:
  ///   - kind: whose key they are sealed for; packs have that of roots.
  ///   - newest: the keys; `nil` for some that are still to be made, and open none.
  ///   - onDamage: told of those of which it cannot be told.
  private func sealed(
    _ blobs: [BlobInfo], _ kind: SignedBlob.Kind, unlessFor newest: Access?,
    onDamage: (BlobInfo) -> Void = { _ in }
  ) throws(ChunkStoreError) -> [BlobInfo] {
    let identity = kind == .root ? newest?.rootIdentity : newest?.indexIdentity
    var old: [BlobInfo] = []
    for blob in blobs {
      do throws(ChunkStoreError) {
        let front = try target.getBlocking(blob.name, range: 0..<min(4096, blob.size))
        switch Self.opens(identity, front) {
        case true?: break
        case false?: old.append(blob)
        case nil: onDamage(blob)
        }
      } catch {
        // Somebody removed it meanwhile.
        if error.code != .missing { throw error }
      }
    }
    return old
  }

  /// - Returns: `nil` if the bytes are not the beginning of an age file.
  private static func opens(_ identity: X25519Identity?, _ front: [UInt8]) -> Bool? {
    do throws(CryptoError) {
      guard let header = try Header.parse(front.span.bytes) else { return nil }
      guard let identity else { return false }
      _ = try header.unwrap(with: [identity])
      return true
    } catch {
      return error.code == .noIdentityMatched ? false : nil
    }
  }

  private func condemnedPacks() async throws(ChunkStoreError) -> Set<Digest> {
    try await board.condemned().values.reduce(into: []) { $0.formUnion($1) }
  }

  // MARK: Chunks

  /// Calls `body` with each of the old packs whose table can be read, the chunks in it that are alive and
  /// that no pack holds which stays or came before, and the bytes of all its chunks.
  private func forEachMoved(
    from old: Set<Digest>, _ condemned: Set<Digest>, _ marked: LiveChunks, _ census: PackCensus,
    _ body: (PackInfo, [PackTable.Entry], _ totalBytes: Int64) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    var live = marked
    let index = loadedIndex
    let staying = Set(census.packs.keys).subtracting(old).subtracting(condemned)
    try census.forEach(of: staying) { (_, table) throws(ChunkStoreError) in
      for entry in table.entries {
        if let place = try index.place(of: entry.id) { _ = live.hold(place.ordinal) }
      }
    }
    try census.forEach(of: old) { (pack, table) throws(ChunkStoreError) in
      var moved: [PackTable.Entry] = []
      for entry in table.entries {
        guard let place = try index.place(of: entry.id), live.hold(place.ordinal) else { continue }
        moved.append(entry)
      }
      try body(pack, moved, table.entries.reduce(0) { $0 + Int64($1.recordLength) })
    }
  }

  /// Stores what is needed of some packs in new ones; durable on return.
  private func moveChunks(
    from old: Set<Digest>, _ marking: Marking, _ session: WriteSession,
    _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) {
    let condemned = try await condemnedPacks()
    let census = try await PackCensus(self)
    let core = session.core
    try await onEngine { () throws(ChunkStoreError) -> Void in
      var done: Int64 = 0
      let live = try self.live(marking)
      try self.forEachMoved(from: old, condemned, live, census) {
        (_, moved, _) throws(ChunkStoreError) in
        try self.withReader { (reader) throws(ChunkStoreError) in
          for entry in moved {
            try reader.withChunk(entry.id) { (record) throws(ChunkStoreError) in
              try core.storeAgain(record)
            }
          }
        }
        done += 1
        try reportPacks(progress, "seal packs anew", done, of: Int64(old.count))
      }
      try core.flush()
    }
  }

  // MARK: Roots

  /// Publishes each root again, then removes it.
  private func publishAgain(
    _ blobs: [BlobName], _ session: WriteSession
  ) async throws(ChunkStoreError) -> [ResealingReport.Replacement] {
    guard !blobs.isEmpty else { return [] }
    let roots = try await roots()
    let old = Set(blobs)
    // An earlier run may have been stopped before it removed the old one.
    var renewed = roots.filter { !old.contains(.root($0.id)) && $0.origin != nil }
    let writers = try await recipientsOfWriters()
    var replaced: [ResealingReport.Replacement] = []
    let (core, id) = (session.core, id)
    for root in roots where old.contains(.root(root.id)) {
      let origin = root.origin(foundIn: id)
      var new = renewed.first {
        $0.origin == origin && $0.chunk == root.chunk && $0.time == root.time
          && $0.name == root.name
      }
      if new == nil {
        do throws(ChunkStoreError) {
          try await session.build(on: root)
          let publisher = try await publisher(of: root)
          var fields = root.fieldsOfCopy(from: id, publishedBy: publisher.key)
          if publisher.isWriter, root.origin?.repository == id {
            // What an owner says of roots of this repository is believed; this he knows.
            fields[Root.originField] = "\(id)/\(root.id)"
          }
          let recipient = publisher.key.flatMap { writers[$0] }
          new = try await onEngine { [fields] () throws(ChunkStoreError) -> Root in
            try core.publish(
              name: root.name, chunk: root.chunk, fields: fields, time: root.time,
              alsoFor: recipient.map { [$0] } ?? [])
          }
        } catch {
          // Somebody forgot it meanwhile.
          if error.code != .notFound { throw error }
        }
      }
      guard let new else { continue }
      renewed.append(new)
      try await target.delete(.root(root.id))
      replaced.append(ResealingReport.Replacement(root: root.id, new: new.id))
    }
    return try await withoutDuplicates(replaced)
  }

  /// Where two have published a root again at the same time, all keep the one of the smallest id.
  private func withoutDuplicates(
    _ replaced: [ResealingReport.Replacement]
  ) async throws(ChunkStoreError) -> [ResealingReport.Replacement] {
    let roots = try await roots()
    var kept: [ResealingReport.Replacement] = []
    for replacement in replaced {
      guard let own = roots.first(where: { $0.id == replacement.new }) else {
        kept.append(replacement)
        continue
      }
      let same = roots.filter {
        $0.origin == own.origin && $0.chunk == own.chunk && $0.time == own.time
          && $0.name == own.name
      }
      let first = same.min { $0.id < $1.id } ?? own
      for root in same where root.id != first.id { try await target.delete(.root(root.id)) }
      kept.append(ResealingReport.Replacement(root: replacement.root, new: first.id))
    }
    return kept
  }

  /// The key of the writer who published a root, `nil` if an owner did; and whether the root is the
  /// writer's own, and not taken over by an owner.
  private func publisher(
    of root: Root
  ) async throws(ChunkStoreError) -> (key: String?, isWriter: Bool) {
    let blob = BlobName.root(root.id)
    let opened: Keyring.Opened
    do throws(ChunkStoreError) {
      opened = try keyring.open(.root, await target.getNamedByContent(blob), of: blob)
    } catch {
      guard error.code == .missing else { throw error }
      throw ChunkStoreError(.notFound, "the root \(root.id) was removed meanwhile", blob: blob)
    }
    if let signer = opened.signer, !opened.isOwner { return (hex(signer.bytes), true) }
    return (root.fields[Root.publisherField], false)
  }

  /// For whom roots are sealed that a writer published, by the keys that he signs or signed with.
  private func recipientsOfWriters() async throws(ChunkStoreError) -> [String: X25519Recipient] {
    var recipients: [String: X25519Recipient] = [:]
    for key in try await target.blobs(BlobFolder.keys) {
      let writers = try await accesses(of: key.name).sorted { $0.epoch < $1.epoch }.compactMap {
        access -> Access.Writer? in
        if case .writer(let writer) = access.grant { writer } else { nil }
      }
      guard let newest = writers.last else { continue }
      for writer in writers {
        recipients[hex(writer.signingKey.verifyingKey.bytes)] = newest.rootIdentity.recipient
      }
    }
    return recipients
  }

  // MARK: The index

  /// - Returns: how many index blobs were written anew.
  private func resealIndexBlobs(
    _ options: CollectionOptions
  ) async throws(ChunkStoreError) -> Int64 {
    let blobs = try await target.blobs(BlobFolder.index)
    // In this order: what they describe is listed, unless it is gone.
    let present = try await listPacks()
    return try await onEngine { () throws(ChunkStoreError) -> Int64 in
      var count: Int64 = 0
      for blob in try self.sealed(blobs, .index, unlessFor: self.access) {
        do throws(ChunkStoreError) {
          let spool = try self.makeSpool(or: options.session.spoolDirectory)
          try self.merge([blob], alsoReplacing: [], in: spool) { present.contains($0.digest) }
          count += 1
        } catch {
          // Others merged it meanwhile.
          if error.code != .missing { throw error }
        }
      }
      return count
    }
  }
}
