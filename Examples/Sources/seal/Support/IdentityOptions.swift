import ArgumentParser
import CairnCrypto
import CommandSupport
import FoundationSupport

/// Whose private keys are used.
struct IdentityOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Use the private keys in this file. Can be repeated.", valueName: "IDENTITY"))
  var identity: [ArgumentBytes] = []
  @Option(
    name: .customShort("j"),
    help: ArgumentHelp(
      "Use this plugin, which needs no key to be named. Can be repeated.", valueName: "PLUGIN"))
  var plugin: [String] = []

  var isEmpty: Bool { identity.isEmpty && plugin.isEmpty }

  /// Whoever can open a file: the keys in the files, and if there are none, a passphrase.
  func load(_ secrets: SecretSource) throws -> [any Identity] {
    let keys = try files(secrets).flatMap(\.identities)
    return keys.isEmpty ? [PassphraseOnDemand(secrets: secrets)] : keys + [PassphraseMissed()]
  }

  /// For whom to encrypt, so that the keys in the files decrypt.
  func recipients(_ secrets: SecretSource) throws -> [any Recipient] {
    try files(secrets).flatMap(\.recipients)
  }

  /// The files, in the order given, and then the plugins.
  private func files(_ secrets: SecretSource) throws -> [IdentityFile] {
    let named = try identity.map { name in
      try naming(name.text) {
        try IdentityFile(
          parsing: name.readKeys(), passphrase: secrets.provider, plugins: Plugins.host)
      }
    }
    let keyless = try plugin.map { name in
      try naming(name) {
        try IdentityFile(
          parsing: PluginIdentity(plugin: name).exportText(), plugins: Plugins.host)
      }
    }
    return named + keyless
  }

  private func naming<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as CryptoError {
      throw Failure("\(name): \(error)")
    }
  }
}
