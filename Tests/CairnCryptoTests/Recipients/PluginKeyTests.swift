import Testing

@testable import CairnCrypto

@Suite("Plugin recipients and identities as text")
struct PluginKeyTests {
  @Test func textReturns() throws {
    let recipient = try PluginRecipient(plugin: "Yubi-Key.2", bytes: [1, 2, 3])
    #expect(recipient.plugin == "yubi-key.2")
    #expect(recipient.description.hasPrefix("age1yubi-key.21"))
    #expect(try PluginRecipient("\(recipient)").description == recipient.description)
    let identity = try PluginIdentity(plugin: "Yubi-Key.2", data: SecretBytes([1, 2, 3]))
    #expect(identity.exportText().revealed.starts(with: "AGE-PLUGIN-YUBI-KEY.2-1".utf8))
    #expect(try PluginIdentity(identity.exportText()).plugin == "yubi-key.2")
  }

  /// As `age -j NAME` makes them.
  @Test func identitiesWithoutData() throws {
    let identity = try PluginIdentity(plugin: "yubikey")
    let text = String(decoding: identity.exportText().revealed, as: UTF8.self)
    #expect(text.hasPrefix("AGE-PLUGIN-YUBIKEY-1") && text.count == 26)
    #expect(try PluginIdentity(identity.exportText()).plugin == "yubikey")
  }

  @Test(arguments: ["", "/", "../x", "a/b", "a b", "é", "a\0", "a\n", "a:b", "$x"])
  func refusesOtherNames(name: String) {
    expect(.invalidKey) { _ = try PluginRecipient(plugin: name, data: RawSpan()) }
    expect(.invalidKey) { _ = try PluginIdentity(plugin: name) }
    expect(.invalidKey) { _ = try PluginProgram(name: name, keys: NoKeys()) }
  }

  /// Texts with a sound checksum, whose name would be a path.
  @Test func refusesTextsWithOtherNames() {
    for prefix in ["age1../bin/sh", "age1", "age1a/b"] {
      let text = bech32(prefix)
      expect(.invalidKey) { _ = try PluginRecipient(text) }
    }
    for prefix in ["age-plugin-../bin/sh-", "age-plugin--", "age-plugin-", "age-plugin-a", "age-"] {
      let text = bech32(prefix).uppercased()
      expect(.invalidKey) { _ = try PluginIdentity(SecretBytes(utf8: text)) }
    }
    let lowercase = bech32("age-plugin-a-")
    expect(.invalidKey) { _ = try PluginIdentity(SecretBytes(utf8: lowercase)) }
    expect(.invalidKey) { _ = try PluginRecipient(Golden.recipientText) }
    expect(.invalidKey) { _ = try PluginIdentity(SecretBytes(utf8: Golden.identityText)) }
  }

  @Test func areReadOnlyWherePluginsMayRun() throws {
    let recipient = "\(try PluginRecipient(plugin: "x", bytes: [1]))"
    let identity = try PluginIdentity(plugin: "x").exportText()
    expect(.invalidKey) { _ = try Age.recipient(recipient) }
    expect(.invalidKey) { _ = try Age.identity(identity) }
    let plugins = PluginHost()
    #expect(try Age.recipient(recipient, plugins: plugins) is PluginRecipient)
    #expect(try Age.identity(identity, plugins: plugins) is PluginIdentity)
    #expect(try Age.recipient(Golden.recipientText, plugins: plugins) is X25519Recipient)
    for text in ["age1", "age1x", "age1x1", String(recipient.dropLast()), "hello"] {
      expect(.invalidKey) { _ = try Age.recipient(text, plugins: plugins) }
    }
  }

  @Test func descriptionHidesTheKey() throws {
    let identity = try PluginIdentity(plugin: "x", data: SecretBytes([1, 2, 3]))
    var dumped = ""
    dump(identity, to: &dumped)
    dump(identity.recipient, to: &dumped)
    for text in ["\(identity)", "\(identity.recipient)", String(reflecting: identity), dumped] {
      #expect(!text.uppercased().contains("AGE-PLUGIN-X-1"))
    }
  }

  /// No data after a human-readable part, with a sound checksum.
  private func bech32(_ prefix: String) -> String {
    let text = Bech32.encode(prefix: prefix, SecretBytes([]))
    return String(decoding: text.revealed, as: UTF8.self)
  }
}
