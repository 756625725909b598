import CairnCore
import CairnCrypto

// The text of an access, as <doc:Format> has it.

extension Access {
  private static let versions = ["access 1", "access 2"]

  // MARK: Writing

  /// The plaintext of an access blob, signed by `authority`; in epoch 0 that of a way in.
  func text(signedBy authority: SigningKey?) throws(ChunkStoreError) -> SecretBytes {
    guard let authority else { return unsignedText }
    let unsigned = unsignedText
    do {
      let signature = try authority.sign(Statement.access(unsigned, in: repository))
      return SecretText.join([.secret(unsigned), .text("# signature \(hex(signature))\n")])
    } catch {
      throw .sealing(error)
    }
  }

  /// All of it but the signature.
  var unsignedText: SecretBytes {
    let version = epoch == 0 ? 1 : 2
    var parts: [SecretText.Part] = [
      .text("# cairn access \(version)\n# repository \(repository)\n"),
      .text("# descriptor \(descriptorDigest)\n# access \(capability.rawValue)\n"),
    ]
    if let way { parts.append(.text("# epoch \(epoch)\n# way \(way)\n")) }
    parts += [.text("# id-key "), .hex(idKey), .text("\n")]
    if let chunkerKey { parts += [.text("# chunker-key "), .hex(chunkerKey), .text("\n")] }
    switch grant {
    case .owner(let owner):
      if let authority = owner.authority {
        parts += [.text("# authority-key "), .hex(authority.seed), .text("\n")]
      }
      parts += Self.lines("packs and roots", owner.packIdentity)
      parts += Self.lines("index blobs", owner.indexIdentity)
      if let identity = owner.accessIdentity { parts += Self.lines("access blobs", identity) }
    case .writer(let writer):
      parts += [
        .text("# authority \(hex(writer.authority.bytes))\n# signing-key "),
        .hex(writer.signingKey.seed),
        .text("\n# certificate \(hex(writer.certificate))\n"),
        .text("# packs-for \(writer.packRecipient)\n"),
      ]
      parts += Self.lines("index blobs", writer.indexIdentity)
      parts += Self.lines("roots of this writer", writer.rootIdentity)
    case .reader(let reader):
      parts.append(.text("# authority \(hex(reader.authority.bytes))\n"))
      parts += Self.lines("packs and roots", reader.packIdentity)
      parts += Self.lines("index blobs", reader.indexIdentity)
    }
    return SecretText.join(parts)
  }

  private static func lines(_ what: String, _ identity: X25519Identity) -> [SecretText.Part] {
    [.text("# opens \(what)\n"), .secret(identity.exportText()), .text("\n")]
  }

  // MARK: Reading

  /// Reads either version.
  ///
  /// - Returns: `nil` if it belongs to another repository.
  /// - Throws: ``ChunkStoreError/Code/newerFormat`` or ``ChunkStoreError/Code/damaged``.
  init?(
    _ text: SecretBytes, for descriptor: Descriptor, in blob: BlobName
  ) throws(ChunkStoreError) {
    let fields = SecretFields(text)
    guard let version = fields.text("cairn") else {
      throw .damaged(blob, "it does not hold a way in")
    }
    guard Self.versions.contains(version),
      let capability = fields.text("access").flatMap({ Capability(rawValue: $0) }),
      version != "access 1" || capability == .owner
    else {
      throw ChunkStoreError(
        .newerFormat,
        "the way in \(blob) is of a kind that this program does not know; use a newer version",
        blob: blob)
    }
    guard let repository = fields.text("repository").flatMap({ RepositoryID($0) }),
      let digest = fields.text("descriptor").flatMap({ Digest($0) }),
      let idKey = fields.secret("id-key")
    else { throw Self.senseless(blob) }
    guard repository == descriptor.id else { return nil }
    guard descriptor.digest == digest else {
      throw .damaged(.descriptor, "it is not the one that the repository was created with")
    }
    let grant: Grant?
    do {
      grant =
        version == "access 1"
        ? try Self.firstGrant(fields) : try Self.grant(capability, fields)
    } catch {
      throw .damaged(blob, "\(error)")
    }
    guard let grant else { throw Self.senseless(blob) }
    let epoch = version == "access 1" ? 0 : fields.text("epoch").flatMap { Int($0) }
    guard let epoch, version == "access 1" || (1...1_000_000).contains(epoch) else {
      throw Self.senseless(blob)
    }
    self.init(
      repository: repository, descriptorDigest: digest, epoch: epoch, idKey: idKey, grant: grant)
    if version != "access 1" { try checkSignature(text, fields, in: blob) }
  }

  @inline(never)
  private static func senseless(_ blob: BlobName) -> ChunkStoreError {
    .damaged(blob, "its fields make no sense")
  }

  private static func firstGrant(_ fields: SecretFields) throws(CryptoError) -> Grant? {
    guard let chunkerKey = fields.secret("chunker-key"), let found = try fields.identities(2)
    else { return nil }
    return .owner(
      Owner(
        chunkerKey: chunkerKey, authority: nil, packIdentity: found[0], indexIdentity: found[1],
        accessIdentity: nil, way: nil))
  }

  private static func grant(
    _ capability: Capability, _ fields: SecretFields
  ) throws(CryptoError) -> Grant? {
    guard let way = fields.text("way").flatMap({ X25519Recipient($0) }) else { return nil }
    let authority = fields.bytes("authority", count: 32).flatMap { VerifyingKey($0) }
    switch capability {
    case .owner:
      guard let chunkerKey = fields.secret("chunker-key"),
        let seed = fields.secret("authority-key"), let found = try fields.identities(3)
      else { return nil }
      return .owner(
        Owner(
          chunkerKey: chunkerKey, authority: try SigningKey(seed: seed), packIdentity: found[0],
          indexIdentity: found[1], accessIdentity: found[2], way: way))
    case .writer:
      guard let chunkerKey = fields.secret("chunker-key"), let authority,
        let seed = fields.secret("signing-key"),
        let certificate = fields.bytes("certificate", count: 64),
        let packs = fields.text("packs-for").flatMap({ X25519Recipient($0) }),
        let found = try fields.identities(2)
      else { return nil }
      return .writer(
        Writer(
          chunkerKey: chunkerKey, authority: authority,
          signingKey: try SigningKey(seed: seed), certificate: certificate,
          packRecipient: packs, indexIdentity: found[0], rootIdentity: found[1], way: way))
    case .reader:
      guard let authority, let found = try fields.identities(2) else { return nil }
      return .reader(
        Reader(
          authority: authority, packIdentity: found[0], indexIdentity: found[1], way: way))
    }
  }

  /// Whatever was not understood, or changed, makes the text differ from what would be written.
  private func checkSignature(
    _ text: SecretBytes, _ fields: SecretFields, in blob: BlobName
  ) throws(ChunkStoreError) {
    let unsigned = unsignedText
    guard let authority, let signature = fields.bytes("signature", count: 64),
      SecretText.join([.secret(unsigned), .text("# signature \(hex(signature))\n")]) == text
    else { throw Self.senseless(blob) }
    guard authority.isValid(signature, of: Statement.access(unsigned, in: repository)) else {
      throw .damaged(blob, "its signature does not fit")
    }
  }
}
