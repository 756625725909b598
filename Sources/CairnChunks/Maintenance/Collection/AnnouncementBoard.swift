import CairnCore
import CairnCrypto
import Synchronization

/// The announcements on a target: puts them, lists them, reads them.
///
/// Blobs never change, so what was read once is remembered.
final class AnnouncementBoard: Sendable {
  private let target: any Target
  private let keyring: Keyring
  private let known = Mutex<[BlobName: AnnouncementBlob]>([:])

  init(_ target: any Target, _ keyring: Keyring) {
    self.target = target
    self.keyring = keyring
  }

  /// Durable on return.
  func put(_ announcement: Announcement) async throws(ChunkStoreError) {
    let plain = try AnnouncementBlob(announcement, time: currentTime()).encoded(keyring.current)
    let stored = try keyring.seal(.announcement, plain)
    let name = AnnouncementName.blob(of: announcement, SHA256.hash(of: stored.span.bytes))
    try await target.put(name, BlobSource(stored))
  }

  /// Of which sessions the announcements are read.
  enum Scope {
    case all
    case one(SessionID)
    /// Those that were closed: what readers of roots must know.
    case closed
  }

  /// What the sessions announced.
  ///
  /// Of a session that has ended and was not revoked, only its end is read.
  ///
  /// - Throws: ``ChunkStoreError/Code/damaged`` where a blob that cannot be read would lead to a
  ///   deletion if it were left out.
  func sessions(_ scope: Scope = .all) async throws(ChunkStoreError) -> SessionTable {
    var blobs: [SessionID: [(kind: AnnouncementBlob.Kind, name: BlobName)]] = [:]
    try await target.forEachBlob(BlobFolder.sessions) { (blob) in
      guard let name = AnnouncementName(blob.name) else { return }
      let session = SessionID(bytes: name.subject)
      if case .one(session) = scope {} else if case .one = scope { return }
      blobs[session, default: []].append((name.kind, blob.name))
    }
    var table: SessionTable = [:]
    for (session, blobs) in blobs {
      let isRevoked = blobs.contains { $0.kind == .revoked || $0.kind == .closed }
      if case .closed = scope, !isRevoked { continue }
      table[session] = try await state(blobs, isRevoked: isRevoked)
    }
    return table
  }

  private func state(
    _ blobs: [(kind: AnnouncementBlob.Kind, name: BlobName)], isRevoked: Bool
  ) async throws(ChunkStoreError) -> SessionState {
    var state = SessionState()
    // That these are there is all that matters, and to believe it is always safe.
    state.isBegun = blobs.contains { $0.kind == .begun }
    state.isRevoked = isRevoked
    for blob in blobs where blob.kind == .ended {
      if let announcement = try? await read(blob.name) { state.note(announcement) }
    }
    if state.hasEnded, !isRevoked { return state }
    for blob in blobs {
      switch blob.kind {
      case .begun, .ended, .revoked, .condemned: break
      case .heeded:
        // One that is not understood is as good as none: the session is waited for.
        if let announcement = try? await read(blob.name) { state.note(announcement) }
      case .based, .closed:
        if let announcement = try await read(blob.name) { state.note(announcement) }
      }
    }
    return state
  }

  /// The packs of each condemnation.
  ///
  /// - Throws: ``ChunkStoreError/Code/damaged`` if one cannot be read: which packs are about to go
  ///   is not known then.
  func condemned() async throws(ChunkStoreError) -> [GenerationID: Set<Digest>] {
    var generations: [GenerationID: Set<Digest>] = [:]
    for blob in try await target.blobs(BlobFolder.condemned) {
      if case .condemned(let generation, let packs) = try await read(blob.name) {
        generations[generation, default: []].formUnion(packs)
      }
    }
    return generations
  }

  /// The packs of all condemnations.
  func condemnedPacks() async throws(ChunkStoreError) -> Set<Digest> {
    try await condemned().values.reduce(into: []) { $0.formUnion($1) }
  }

  /// When a session began by its own clock, if its announcement can be read.
  func beginning(of session: SessionID) async throws(ChunkStoreError) -> Int64? {
    for blob in try await blobs(of: .begun, session.bytes, in: BlobFolder.sessions) {
      if (try? await read(blob)) != nil { return known.withLock { $0[blob]?.time } }
    }
    return nil
  }

  /// Deletes a condemnation.
  func lift(_ generation: GenerationID) async throws(ChunkStoreError) {
    for blob in try await blobs(of: .condemned, generation.bytes, in: BlobFolder.condemned) {
      try await target.delete(blob)
    }
  }

  /// Deletes what a session announced, its end last.
  func clear(_ session: SessionID) async throws(ChunkStoreError) {
    for kind in [AnnouncementBlob.Kind.begun, .heeded, .based, .ended] {
      for blob in try await blobs(of: kind, session.bytes, in: BlobFolder.sessions) {
        try await target.delete(blob)
        _ = known.withLock { $0.removeValue(forKey: blob) }
      }
    }
  }

  private func blobs(
    of kind: AnnouncementBlob.Kind, _ subject: [UInt8], in folder: String
  ) async throws(ChunkStoreError) -> [BlobName] {
    try await target.blobs(folder).map(\.name).filter { blob in
      AnnouncementName(blob).map { $0.kind == kind && $0.subject == subject } == true
    }
  }

  /// - Returns: `nil` if somebody deleted it meanwhile, or who made it has no say in it.
  private func read(_ name: BlobName) async throws(ChunkStoreError) -> Announcement? {
    if let blob = known.withLock({ $0[name] }) { return blob.announcement }
    let stored: [UInt8]
    do {
      stored = try await target.getNamedByContent(name)
    } catch  where error.code == .missing {
      return nil
    }
    let opened = try keyring.open(.announcement, stored, of: name)
    let blob = try AnnouncementBlob(opened.content, in: name, keyring.current)
    guard opened.maySay(blob.announcement) else { return nil }
    known.withLock { $0[name] = blob }
    return blob.announcement
  }
}

extension Keyring.Opened {
  /// Whether who signed an announcement may make it: a writer speaks for its own sessions alone, so
  /// that a stolen one can neither end nor close those of others.
  fileprivate func maySay(_ announcement: Announcement) -> Bool {
    if isOwner { return true }
    switch announcement {
    case .begun(let session), .heeded(let session, _), .based(let session, _), .ended(let session):
      return signer.map { session.isOf($0) } == true
    case .revoked, .closed, .condemned:
      return false
    }
  }
}
