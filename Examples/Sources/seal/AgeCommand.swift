import ArgumentParser
import CommandSupport

/// What is meant where no subcommand is named, as with `age`: to encrypt, or with -d to decrypt.
struct AgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encrypt-or-decrypt",
    abstract: "Encrypt or decrypt a file, with the options of age.",
    usage: SealCommand.usageLikeAge, shouldDisplay: false)

  @Flag(name: .shortAndLong, help: "Encrypt. This is the default.")
  var encrypt = false
  @Flag(name: .shortAndLong, help: "Decrypt.")
  var decrypt = false
  @OptionGroup var encryption: EncryptionOptions
  @OptionGroup var files: FileOptions

  func run() throws {
    if decrypt {
      try checkDecryption()
      try files.decrypt()
    } else {
      // Who forgets -d would otherwise encrypt once more what is encrypted.
      guard encrypt || files.identities.isEmpty else {
        throw Failure("-i and -j decrypt, with -d; to encrypt for the same keys, give -e as well")
      }
      try files.encrypt(encryption)
    }
  }

  private func checkDecryption() throws {
    if encrypt { throw Failure("-e encrypts and -d decrypts: give one of them") }
    if encryption.passphrase {
      throw Failure("-p is for encrypting: with -d it is found out that there is a passphrase")
    }
    if encryption.armor {
      throw Failure("-a is for encrypting: with -d it is found out that a file is armored")
    }
    if !encryption.recipients.isEmpty {
      throw Failure("-r and -R are for encrypting: to decrypt, name a file of private keys with -i")
    }
  }
}
