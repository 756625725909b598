import ArgumentParser
import CairnCrypto
import CommandSupport

/// Who decrypts.
struct IdentityOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Use the private keys in this file. Can be repeated.", valueName: "IDENTITY"))
  var identity: [ArgumentBytes] = []

  /// Whoever can open a file: the keys in the files, and if there are none, a passphrase.
  func load(_ secrets: SecretSource) throws -> [any Identity] {
    let keys = try files(secrets).flatMap(\.identities)
    return keys.isEmpty ? [PassphraseOnDemand(secrets: secrets)] : keys
  }

  /// For whom to encrypt, so that the keys in the files decrypt.
  func recipients(_ secrets: SecretSource) throws -> [any Recipient] {
    try files(secrets).flatMap(\.recipients)
  }

  /// The files, in the order given.
  private func files(_ secrets: SecretSource) throws -> [IdentityFile] {
    try identity.map { name in
      do {
        return try IdentityFile(
          parsing: SecretFile.read(name.readable), passphrase: secrets.provider,
          plugins: Plugins.host)
      } catch let error as CryptoError {
        throw Failure("\(name.text): \(error)")
      }
    }
  }
}

extension ArgumentBytes {
  /// What stands for standard input as a name.
  var readable: ArgumentBytes { text == "-" ? ArgumentBytes("/dev/stdin".utf8) : self }
}
