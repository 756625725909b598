import CairnCore
import CairnCrypto

/// All that somebody who opened a repository holds: an ``Access`` for each epoch.
///
/// What is written now is sealed and signed with the newest; what was written in an older epoch is
/// opened, and believed, with that one's.
struct Keyring: Sendable {
  /// The oldest epoch first; never empty.
  let accesses: [Access]
  /// Tells repositories apart by their keys, and reveals nothing of these.
  let fingerprint: Digest

  /// - Throws: ``ChunkStoreError/Code/damaged`` if they do not belong together.
  init(_ accesses: [Access], in blob: BlobName) throws(ChunkStoreError) {
    // Two rotations at once make two epochs of one number; all see them in the same order.
    self.accesses = accesses.sorted { left, right in
      left.epoch != right.epoch
        ? left.epoch < right.epoch
        : (left.authority?.bytes ?? []).lexicographicallyPrecedes(right.authority?.bytes ?? [])
    }
    guard let last = self.accesses.last,
      accesses.allSatisfy({ $0.idKey == last.idKey && $0.capability == last.capability })
    else { throw .damaged(blob, "what it gives access to does not fit together") }
    fingerprint = try last.fingerprint()
  }

  /// The newest.
  var current: Access { accesses[accesses.count - 1] }

  /// Open packs, the newest first; none for a writer.
  var packIdentities: [X25519Identity] { accesses.reversed().compactMap(\.packIdentity) }

  /// Those who may publish.
  var authorities: [VerifyingKey] { accesses.compactMap(\.authority) }

  /// The epoch of an authority.
  func epoch(of authority: VerifyingKey?) -> Int {
    accesses.first { $0.authority == authority }?.epoch ?? 0
  }

  /// What a reader is told who tries to write.
  private static func requireSigner(_ access: Access) throws(ChunkStoreError) -> Signer? {
    guard access.epoch > 0 else { return nil }
    guard let signer = access.signer else {
      throw .notPermitted("the key that opened the repository can read it, and not write to it")
    }
    return signer
  }

  /// Begins to sign what is written in the newest epoch.
  ///
  /// - Returns: `nil` in a repository of the first format, which has no signatures.
  func beginSignature(_ kind: SignedBlob.Kind) throws(ChunkStoreError) -> BlobSignature? {
    let access = current
    guard let signer = try Self.requireSigner(access), let authority = access.authority else {
      return nil
    }
    return BlobSignature(kind, by: signer, authority: authority, in: access.repository)
  }

  /// For whom an index blob is sealed.
  var indexRecipient: X25519Recipient { current.indexIdentity.recipient }

  /// Open index blobs, the newest first.
  var indexIdentities: [X25519Identity] { accesses.reversed().map(\.indexIdentity) }

  /// Seals the plaintext of an index blob, root or announcement.
  ///
  /// - Parameter others: who else can open it.
  func seal(
    _ kind: SignedBlob.Kind, _ content: [UInt8], alsoFor others: [X25519Recipient] = []
  ) throws(ChunkStoreError) -> [UInt8] {
    let signature = try beginSignature(kind)
    do {
      var plain = content
      if let signature {
        signature.update(content.span.bytes)
        let end = try signature.finish()
        plain = []
        plain.reserveCapacity(signature.head.count + content.count + end.count)
        plain += signature.head
        plain += content
        plain += end
      }
      let recipients = kind == .root ? current.rootRecipients : [indexRecipient]
      return try Age.seal(plain, to: recipients + others)
    } catch {
      throw .sealing(error)
    }
  }

  /// What was sealed and signed.
  struct Opened {
    let content: [UInt8]
    /// That of the keys that it was signed with.
    let epoch: Int
    /// Who signed it; `nil` in a repository of the first format.
    let signer: VerifyingKey?
    /// Whether that is an owner; all are in a repository of the first format.
    let isOwner: Bool
  }

  /// Opens an index blob, root or announcement, and checks who signed it.
  ///
  /// - Throws: ``ChunkStoreError/Code/damaged``; ``ChunkStoreError/Code/notPermitted`` for a root
  ///   that a writer did not publish itself.
  func open(
    _ kind: SignedBlob.Kind, _ stored: [UInt8], of blob: BlobName
  ) throws(ChunkStoreError) -> Opened {
    let identities = accesses.reversed().map {
      kind == .root ? $0.rootIdentity : $0.indexIdentity
    }
    let plain: [UInt8]
    do {
      plain = try Age.open(stored, with: identities)
    } catch {
      if error.code == .noIdentityMatched, kind == .root, current.capability == .writer {
        throw .notPermitted("the root \(blob) was published by somebody else", blob: blob)
      }
      throw failure(opening: blob, error)
    }
    // A repository of the first format has no signatures.
    let authorities = authorities
    guard !authorities.isEmpty else {
      return Opened(content: plain, epoch: 0, signer: nil, isOwner: true)
    }
    let (content, head) = try SignedBlob.decode(
      kind, plain, of: blob, authorities: authorities, in: current.repository)
    return Opened(
      content: content, epoch: epoch(of: head.authority), signer: head.key, isOwner: head.isOwner)
  }

  /// Why an index blob or root does not open.
  func failure(opening blob: BlobName, _ error: CryptoError) -> ChunkStoreError {
    .damaged(
      blob,
      error.code == .noIdentityMatched
        ? "no key that this program holds opens it; if the repository's keys were changed since it "
          + "was opened, open it again" : "\(error)")
  }
}
