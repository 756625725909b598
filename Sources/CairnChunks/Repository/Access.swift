import CairnCore
import CairnCrypto

/// The secrets that one way in gives to somebody for one epoch of the repository's keys.
///
/// They are the plaintext of an age file below `access/`, which is itself an identity file of age,
/// so that the age tool alone can go from a way in to packs. <doc:Format> has its lines.
///
/// In a repository of the first format they were in `keys/` itself, and all who had them were
/// owners; that is epoch 0, in which nothing is signed.
struct Access: Sendable {
  let repository: RepositoryID
  let descriptorDigest: Digest
  /// Counts the changes of keys.
  let epoch: Int
  /// Names chunks; the same in all epochs.
  let idKey: SecretBytes
  let grant: Grant

  /// What depends on the capability.
  enum Grant: Sendable {
    case owner(Owner)
    case writer(Writer)
    case reader(Reader)
  }

  struct Owner: Sendable {
    /// The gear table comes from it; the same in all epochs.
    let chunkerKey: SecretBytes
    /// What the owners sign with; `nil` in epoch 0.
    let authority: SigningKey?
    let packIdentity: X25519Identity
    let indexIdentity: X25519Identity
    /// Opens the access blobs of everybody; `nil` in epoch 0.
    let accessIdentity: X25519Identity?
    /// The recipient of the way in that this is sealed for; `nil` in epoch 0.
    let way: X25519Recipient?
  }

  struct Writer: Sendable {
    let chunkerKey: SecretBytes
    let authority: VerifyingKey
    let signingKey: SigningKey
    /// The authority's signature of that key.
    let certificate: [UInt8]
    let packRecipient: X25519Recipient
    let indexIdentity: X25519Identity
    /// Opens the roots that this writer published.
    let rootIdentity: X25519Identity
    let way: X25519Recipient
  }

  struct Reader: Sendable {
    let authority: VerifyingKey
    let packIdentity: X25519Identity
    let indexIdentity: X25519Identity
    let way: X25519Recipient
  }
}

// MARK: What it gives

extension Access {
  var capability: Capability {
    switch grant {
    case .owner: .owner
    case .writer: .writer
    case .reader: .reader
    }
  }

  var chunkerKey: SecretBytes? {
    switch grant {
    case .owner(let owner): owner.chunkerKey
    case .writer(let writer): writer.chunkerKey
    case .reader: nil
    }
  }

  /// By which it is told who may publish; `nil` in epoch 0.
  var authority: VerifyingKey? {
    switch grant {
    case .owner(let owner): owner.authority?.verifyingKey
    case .writer(let writer): writer.authority
    case .reader(let reader): reader.authority
    }
  }

  /// `nil` for readers, and in epoch 0.
  var signer: Signer? {
    switch grant {
    case .owner(let owner): owner.authority.map { Signer(key: $0, certificate: nil) }
    case .writer(let writer):
      Signer(key: writer.signingKey, certificate: writer.certificate)
    case .reader: nil
    }
  }

  /// For whom packs and roots are sealed.
  var packRecipient: X25519Recipient {
    switch grant {
    case .owner(let owner): owner.packIdentity.recipient
    case .writer(let writer): writer.packRecipient
    case .reader(let reader): reader.packIdentity.recipient
    }
  }

  /// Opens packs and roots; `nil` for writers.
  var packIdentity: X25519Identity? {
    switch grant {
    case .owner(let owner): owner.packIdentity
    case .writer: nil
    case .reader(let reader): reader.packIdentity
    }
  }

  /// Opens index blobs.
  var indexIdentity: X25519Identity {
    switch grant {
    case .owner(let owner): owner.indexIdentity
    case .writer(let writer): writer.indexIdentity
    case .reader(let reader): reader.indexIdentity
    }
  }

  /// Opens roots: all, or for a writer those that it published.
  var rootIdentity: X25519Identity {
    switch grant {
    case .owner(let owner): owner.packIdentity
    case .writer(let writer): writer.rootIdentity
    case .reader(let reader): reader.packIdentity
    }
  }

  /// For whom roots are sealed that are published with this access.
  var rootRecipients: [X25519Recipient] {
    switch grant {
    case .owner, .reader: [packRecipient]
    case .writer(let writer): [packRecipient, writer.rootIdentity.recipient]
    }
  }

  /// Opens the access blobs of everybody; owners have it, but in epoch 0.
  var accessIdentity: X25519Identity? {
    if case .owner(let owner) = grant { owner.accessIdentity } else { nil }
  }

  /// The recipient of the way in; `nil` in epoch 0.
  var way: X25519Recipient? {
    switch grant {
    case .owner(let owner): owner.way
    case .writer(let writer): writer.way
    case .reader(let reader): reader.way
    }
  }

  /// The key of the MAC that roots carry.
  func rootKey() throws(ChunkStoreError) -> SecretBytes {
    do {
      return try HKDFSHA256.deriveKey(
        from: idKey, salt: RawSpan(), info: "cairn root", count: 32)
    } catch {
      throw .sealing(error)
    }
  }

  /// Tells repositories apart by their keys, and reveals nothing of these.
  func fingerprint() throws(ChunkStoreError) -> Digest {
    do {
      let key = try HKDFSHA256.deriveKey(
        from: idKey, salt: RawSpan(), info: "cairn fingerprint", count: 32)
      return key.withBytes { Digest(bytes: $0) }
    } catch {
      throw .sealing(error)
    }
  }
}

// MARK: Making and granting

extension Access {
  /// Fresh secrets for a new repository: those of an owner, in the first epoch.
  ///
  /// - Parameter other: that of an owner of another repository, with which the keys are shared that
  ///   name and cut data.
  init(
    for descriptor: Descriptor, way: X25519Recipient, sharingKeysWith other: Access? = nil
  ) throws(ChunkStoreError) {
    do {
      let idKey = if let other { other.idKey } else { try SecretBytes(random: 32) }
      let chunkerKey =
        if let key = other?.chunkerKey { key } else { try SecretBytes(random: 32) }
      self.init(
        repository: descriptor.id, descriptorDigest: descriptor.digest, epoch: 1, idKey: idKey,
        grant: .owner(try Owner.fresh(chunkerKey: chunkerKey, way: way)))
    } catch {
      throw .sealing(error)
    }
  }

  /// An owner's secrets for the epoch behind this one: all that can change has changed.
  func nextEpoch(_ owner: Owner, way: X25519Recipient) throws(ChunkStoreError) -> Access {
    do {
      return Access(
        repository: repository, descriptorDigest: descriptorDigest, epoch: epoch + 1, idKey: idKey,
        grant: .owner(try Owner.fresh(chunkerKey: owner.chunkerKey, way: way)))
    } catch {
      throw .sealing(error)
    }
  }

  /// What an owner gives to somebody of this epoch.
  ///
  /// - Returns: `nil` in epoch 0, which knows only owners.
  func granted(
    _ capability: Capability, by owner: Owner, to way: X25519Recipient
  ) throws(ChunkStoreError) -> Access? {
    guard let authority = owner.authority, let accessIdentity = owner.accessIdentity else {
      return nil
    }
    let grant: Grant
    switch capability {
    case .owner:
      grant = .owner(
        Owner(
          chunkerKey: owner.chunkerKey, authority: authority, packIdentity: owner.packIdentity,
          indexIdentity: owner.indexIdentity, accessIdentity: accessIdentity, way: way))
    case .writer:
      do {
        let key = try SigningKey()
        let statement = Statement.certificate(of: key.verifyingKey, in: repository)
        grant = .writer(
          Writer(
            chunkerKey: owner.chunkerKey, authority: authority.verifyingKey,
            signingKey: key, certificate: try authority.sign(statement),
            packRecipient: owner.packIdentity.recipient, indexIdentity: owner.indexIdentity,
            rootIdentity: try X25519Identity.generate(), way: way))
      } catch {
        throw .sealing(error)
      }
    case .reader:
      grant = .reader(
        Reader(
          authority: authority.verifyingKey, packIdentity: owner.packIdentity,
          indexIdentity: owner.indexIdentity, way: way))
    }
    return Access(
      repository: repository, descriptorDigest: descriptorDigest, epoch: epoch, idKey: idKey,
      grant: grant)
  }
}

extension Access.Owner {
  fileprivate static func fresh(
    chunkerKey: SecretBytes, way: X25519Recipient
  ) throws(CryptoError) -> Access.Owner {
    Access.Owner(
      chunkerKey: chunkerKey, authority: try SigningKey(),
      packIdentity: try X25519Identity.generate(), indexIdentity: try X25519Identity.generate(),
      accessIdentity: try X25519Identity.generate(), way: way)
  }
}
