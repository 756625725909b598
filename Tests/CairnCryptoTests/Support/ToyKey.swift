import CairnCrypto

/// Wraps by an exclusive or with one byte of the key's data; asks the person if it is told to.
struct ToyKey: Recipient, Identity {
  let mask: UInt8
  var labels: Set<String> = []
  var person: (any PluginInteraction)?
  var failure: CryptoError?

  func wrap(_ fileKey: FileKey) throws(CryptoError) -> WrappedFileKey {
    if let failure { throw failure }
    try checkPIN()
    let stanza = Stanza(
      type: "toy", arguments: ["\(mask)"],
      body: fileKey.withBytes { $0.withUnsafeBytes { $0.map { $0 ^ mask } } })
    return WrappedFileKey([stanza], labels: labels)
  }

  func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
    if let failure { throw failure }
    guard let stanza = stanzas.first(where: { $0.type == "toy" && $0.arguments == ["\(mask)"] })
    else { return nil }
    try checkPIN()
    return try FileKey(SecretBytes(stanza.body.map { $0 ^ mask }))
  }

  private func checkPIN() throws(CryptoError) {
    guard let person else { return }
    guard person.show("touch it", from: "toy"),
      person.requestSecret("PIN?", from: "toy") == SecretBytes(utf8: "1234"),
      person.requestText("name?", from: "toy") == "Ada",
      person.confirm("sure?", yes: "y", no: "n", from: "toy") == true,
      person.confirm("sure?", yes: "y", no: nil, from: "toy") == true
    else { throw CryptoError(.external, "the PIN is wrong") }
  }
}

/// Keys whose data is the mask; data 0 is an invalid key.
struct ToyKeys: PluginKeys {
  var labels: Set<String> = []
  var asks = false
  var failure: CryptoError?

  private func key(
    _ data: SecretBytes, _ person: any PluginInteraction
  ) throws(CryptoError) -> ToyKey {
    let mask = data.withUnsafeBytes { $0.first ?? 0 }
    guard mask != 0 else { throw CryptoError(.invalidKey, "a toy key is not zero") }
    return ToyKey(mask: mask, labels: labels, person: asks ? person : nil, failure: failure)
  }

  func recipient(
    _ data: SecretBytes, asking person: any PluginInteraction
  ) throws(CryptoError) -> any Recipient { try key(data, person) }

  func recipient(
    ofIdentity data: SecretBytes, asking person: any PluginInteraction
  ) throws(CryptoError) -> any Recipient { try key(data, person) }

  func identity(
    _ data: SecretBytes, asking person: any PluginInteraction
  ) throws(CryptoError) -> any Identity { try key(data, person) }
}

/// Keys of no kind.
struct NoKeys: PluginKeys {}

extension PluginRecipient {
  init(plugin: String, bytes: [UInt8], host: PluginHost = PluginHost()) throws {
    try self.init(plugin: plugin, data: bytes.span.bytes, host: host)
  }
}

extension PluginProgram {
  static func toy(_ keys: any PluginKeys = ToyKeys()) throws -> PluginProgram {
    try PluginProgram(name: "toy", keys: keys)
  }
}
