import CairnCore
public import CairnCrypto

extension Repository {
  /// A way in, as anybody can see it.
  public struct Key: Hashable, Sendable, Codable {
    public let name: BlobName
    public let label: String
    /// The types of the recipients that open it: "X25519", "scrypt".
    public let types: [String]
    /// What it allows; `nil` if whoever asks is no owner, or it is none of this repository's.
    public let capability: Capability?
    /// Whether it has the newest keys, which is not so where a change of keys was interrupted; not
    /// if whoever asks is no owner.
    public let isCurrent: Bool
  }

  /// The ways in.
  public func keys() async throws(ChunkStoreError) -> [Key] {
    var keys: [Key] = []
    for blob in try await target.blobs(BlobFolder.keys) {
      try Self.requireSmall(blob)
      let bytes = try await target.getNamedByContent(blob.name)
      let header: Header?
      do {
        header = try Header.parse(bytes.span.bytes)
      } catch {
        throw .damaged(blob.name, "\(error)")
      }
      let accesses = try await accesses(of: blob.name)
      keys.append(
        Key(
          name: blob.name, label: String(blob.name.lastPart.dropLast(65)),
          types: header?.stanzas.map(\.type) ?? [],
          capability: access.epoch == 0 ? .owner : accesses.first?.capability,
          isCurrent: access.epoch == 0 || accesses.contains { $0.authority == access.authority }))
    }
    return keys
  }

  /// Adds a way in, durable on return.
  ///
  /// - Parameters:
  ///   - recipients: who comes in by it: an age recipient, or a passphrase.
  ///   - label: a word of letters, digits and "-", which anybody can read.
  ///   - capability: what it allows.
  /// - Throws: ``ChunkStoreError/Code/notPermitted`` unless an owner asks;
  ///   ``ChunkStoreError/Code/invalid`` for a label that cannot be one, and for anything but an
  ///   owner in a repository of the first format, which knows no others.
  @discardableResult
  public func addKey(
    for recipients: [any Recipient], label: String, capability: Capability = .owner
  ) async throws(ChunkStoreError) -> BlobName {
    let owners = try owners()
    guard access.epoch > 0 else {
      guard capability == .owner else {
        throw ChunkStoreError(
          .invalid,
          "\(target.name) was made by an older version, in whose format every key is an owner's; "
            + "make a new repository to have \(capability.rawValue)s")
      }
      return try await Self.put(
        access.unsignedText, asKeyFor: recipients, label, on: target)
    }
    let way = try Way.fresh(in: id)
    var granted: [Access] = []
    for (owner, access) in zip(owners, keyring.accesses) {
      if let access = try access.granted(capability, by: owner, to: way.identity.recipient) {
        granted.append(access)
      }
    }
    return try await Self.putKey(
      way, granted, by: owners, for: recipients, label, on: target)
  }

  /// Removes a way in. Whoever still holds what it gave can read what was written before; change
  /// the keys, ``rotateKeys()``, to shut him out of what is written from then on.
  ///
  /// - Throws: ``ChunkStoreError/Code/invalid`` if it is the last one of an owner;
  ///   ``ChunkStoreError/Code/notPermitted`` unless an owner asks.
  public func removeKey(_ name: BlobName) async throws(ChunkStoreError) {
    _ = try owners()
    let keys = try await keys()
    guard let key = keys.first(where: { $0.name == name }) else {
      throw ChunkStoreError(.notFound, "there is no way in \(name)", blob: name)
    }
    guard key.capability != .owner || keys.count(where: { $0.capability == .owner }) > 1 else {
      throw ChunkStoreError(
        .invalid, "\(name) is the last way in of an owner; add another before you remove it",
        blob: name)
    }
    // The way in first: what it gives is of no use without it.
    try await target.delete(name)
    for blob in try await accessBlobs(of: name) { try await target.delete(blob) }
  }

  // MARK: Opening

  /// Whoever can write to the target could otherwise fill the memory of all who open it.
  static func requireSmall(_ blob: BlobInfo) throws(ChunkStoreError) {
    guard blob.size <= 1 << 20 else {
      throw .damaged(blob.name, "a way in does not have \(blob.size) bytes")
    }
  }

  /// - Returns: `nil` if no identity opens it, or it belongs to another repository.
  static func readKey(
    _ name: BlobName, on target: any Target, _ descriptor: Descriptor,
    _ identities: [any Identity]
  ) async throws(ChunkStoreError) -> Keyring? {
    let bytes = try await target.getNamedByContent(name)
    guard let text = try await openSecret(bytes, of: name, with: identities) else { return nil }
    guard Way.isMeant(by: text) else {
      let access = try Access(text, for: descriptor, in: name)
      // Access that is handed out by ways is not at home here.
      guard let access, access.epoch == 0 else { return nil }
      return try Keyring([access], in: name)
    }
    guard let way = try Way.read(text, for: descriptor, in: name) else { return nil }
    var accesses: [Access] = []
    for blob in try await accessBlobs(of: name, on: target) {
      let bytes = try await target.getNamedByContent(blob)
      guard let text = try await openSecret(bytes, of: blob, with: [way.identity]),
        let access = try Access(text, for: descriptor, in: blob)
      else { continue }
      guard access.way == way.identity.recipient else {
        throw .damaged(blob, "it belongs to another way in")
      }
      accesses.append(access)
    }
    guard !accesses.isEmpty else {
      throw ChunkStoreError(
        .missing,
        "the way in \(name) opens, but what it gives access by is missing below access/; restore "
          + "that from a copy of the repository", blob: name)
    }
    return try Keyring(accesses, in: name)
  }

  /// - Returns: `nil` if no identity opens it.
  private static func openSecret(
    _ bytes: [UInt8], of name: BlobName, with identities: [any Identity]
  ) async throws(ChunkStoreError) -> SecretBytes? {
    do {
      // A passphrase takes a second of work and much memory, so not on the cooperative pool.
      return try await ThreadPool.blocking.run { () throws(CryptoError) -> SecretBytes in
        try Age.openSecret(bytes, with: identities)
      }
    } catch {
      switch error.code {
      case .noIdentityMatched: return nil
      case .workFactor, .limit, .library:
        throw ChunkStoreError(.noAccess, "the way in \(name) cannot be used: \(error)", blob: name)
      default: throw .damaged(name, "\(error)")
      }
    }
  }

  private static func accessBlobs(
    of key: BlobName, on target: any Target
  ) async throws(ChunkStoreError) -> [BlobName] {
    guard let digest = key.contentDigest else { return [] }
    return try await target.blobs("\(BlobFolder.access)\(digest)-").map {
      (blob) throws(ChunkStoreError) in
      try requireSmall(blob)
      return blob.name
    }
  }

  func accessBlobs(of key: BlobName) async throws(ChunkStoreError) -> [BlobName] {
    try await Self.accessBlobs(of: key, on: target)
  }

  /// What a way in gives, as far as owners have given it and this is one: only that counts which an
  /// authority of this keyring has signed, whatever lies on the target.
  func accesses(of key: BlobName) async throws(ChunkStoreError) -> [Access] {
    let identities = keyring.accesses.compactMap(\.accessIdentity)
    guard !identities.isEmpty else { return [] }
    let authorities = keyring.authorities
    var found: [Access] = []
    for blob in try await accessBlobs(of: key) {
      do throws(ChunkStoreError) {
        let bytes = try await target.getNamedByContent(blob)
        guard let text = try await Self.openSecret(bytes, of: blob, with: identities),
          let access = try Access(text, for: descriptor, in: blob),
          let authority = access.authority, authorities.contains(authority)
        else { continue }
        found.append(access)
      } catch {
        // It gives nothing to anybody; `verify` names it.
        guard error.isAboutBlob else { throw error }
      }
    }
    return found
  }

  /// What this owner holds, for each epoch.
  ///
  /// - Throws: ``ChunkStoreError/Code/notPermitted`` if this is no owner.
  func owners() throws(ChunkStoreError) -> [Access.Owner] {
    let owners = keyring.accesses.compactMap { access -> Access.Owner? in
      if case .owner(let owner) = access.grant { owner } else { nil }
    }
    guard owners.count == keyring.accesses.count else {
      throw .notPermitted(
        "only an owner can change who opens \(target.name), and the key that was given is that of "
          + "a \(capability.rawValue)")
    }
    return owners
  }

  // MARK: Storing

  /// Stores what a way in gives, and then the way itself, by which the rest counts.
  ///
  /// - Parameter owners: who gives each access, in the same order.
  static func putKey(
    _ way: Way, _ accesses: [Access], by owners: [Access.Owner],
    for recipients: [any Recipient], _ label: String, on target: any Target
  ) async throws(ChunkStoreError) -> BlobName {
    let sealed = try await seal(way.text, for: recipients, label)
    let digest = SHA256.hash(of: sealed.span.bytes)
    for (access, owner) in zip(accesses, owners) {
      try await put(access, by: owner, for: digest, on: target)
    }
    let name = BlobName.key(label: label, digest)
    try await target.put(name, BlobSource(sealed))
    return name
  }

  /// Stores what the way in of that digest gives.
  static func put(
    _ access: Access, by owner: Access.Owner, for key: Digest, on target: any Target
  ) async throws(ChunkStoreError) {
    guard let way = access.way, let ledger = owner.accessIdentity else { return }
    let sealed: [UInt8]
    do {
      let text = try access.text(signedBy: owner.authority)
      sealed = try text.withBytes { (text) throws(CryptoError) in
        try Age.seal(text, to: [way, ledger.recipient])
      }
    } catch let error as ChunkStoreError {
      throw error
    } catch let error as CryptoError {
      throw .sealing(error)
    } catch {
      preconditionFailure("no other error is thrown: \(error)")
    }
    let digest = SHA256.hash(of: sealed.span.bytes)
    try await target.put(.access(of: key, digest), BlobSource(sealed))
  }

  private static func put(
    _ text: SecretBytes, asKeyFor recipients: [any Recipient], _ label: String,
    on target: any Target
  ) async throws(ChunkStoreError) -> BlobName {
    let sealed = try await seal(text, for: recipients, label)
    let name = BlobName.key(label: label, SHA256.hash(of: sealed.span.bytes))
    try await target.put(name, BlobSource(sealed))
    return name
  }

  private static func seal(
    _ text: SecretBytes, for recipients: [any Recipient], _ label: String
  ) async throws(ChunkStoreError) -> [UInt8] {
    guard isLabel(label) else {
      throw ChunkStoreError(
        .invalid,
        "\"\(label)\" cannot be the label of a way in; use letters a to z, digits and \"-\", "
          + "64 at most")
    }
    do {
      return try await ThreadPool.blocking.run { () throws(CryptoError) -> [UInt8] in
        try text.withBytes { (text) throws(CryptoError) in try Age.seal(text, to: recipients) }
      }
    } catch {
      throw .sealing(error)
    }
  }

  private static func isLabel(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
