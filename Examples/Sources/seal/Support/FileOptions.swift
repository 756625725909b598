import ArgumentParser
import CairnCore
import CairnCrypto
import CommandSupport
import SystemPackage

/// What all that works on an age file has in common: who opens it, where passphrases come from, and
/// the two files.
struct FileOptions: ParsableArguments {
  @OptionGroup var identities: IdentityOptions
  @OptionGroup var passphraseSource: PassphraseOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var input: InputOptions

  var secrets: SecretSource { SecretSource(passphraseSource) }

  /// Encrypts IN into OUT.
  func encrypt(_ encryption: EncryptionOptions) throws {
    try checkStandardInput(encryption.recipients, isPassphraseFirst: true)
    try output.checkTerminal(isText: encryption.armor)
    let (everybody, armor) = (try encryption.everybody(identities, secrets), encryption.armor)
    let progress = progress("encrypt")
    try input.withFile { input in
      try output.write(permissions: .sealed) { file in
        try Age.seal(
          from: input, to: file, recipients: everybody, armored: armor, progress: progress)
      }
    }
  }

  /// Decrypts IN into OUT.
  func decrypt() throws {
    try checkStandardInput()
    let everybody = try identities.load(secrets)
    let progress = progress("decrypt")
    try input.withFile { input in
      // It was encrypted so that not everybody reads it.
      try output.write(permissions: .ownerReadWrite) { file in
        try Age.open(from: input, to: file, identities: everybody, progress: progress)
      }
    }
  }

  /// Puts IN under another header into OUT.
  func rewrap(_ encryption: EncryptionOptions) throws {
    try checkStandardInput(encryption.recipients)
    try output.checkTerminal(isText: encryption.armor)
    let old = try identities.load(secrets)
    let (new, armor) = (try encryption.everybodyElse(secrets), encryption.armor)
    try input.withFile { input in
      try output.write(permissions: .sealed) { file in
        try Age.rewrap(from: input, to: file, identities: old, recipients: new, armored: armor)
      }
    }
  }

  /// Makes sure that standard input is read for one thing only.
  ///
  /// - Parameter isPassphraseFirst: Whether passphrases have been read when IN is: then both may
  ///   come from there, one after the other.
  private func checkStandardInput(
    _ recipients: RecipientOptions? = nil, isPassphraseFirst: Bool = false
  ) throws {
    let files = identities.identity + (recipients?.recipientFiles ?? [])
    let fileCount = files.count { $0.isStandard }
    let passphraseCount = passphraseSource.isStandardInput ? 1 : 0
    let count = fileCount + passphraseCount + (input.isStandard ? 1 : 0)
    guard count > 1, !(isPassphraseFirst && fileCount == 0) else { return }
    throw Failure("standard input is to be read for several things: name a file for all but one")
  }

  /// A line on a terminal, but not among what is typed or put out there.
  private func progress(_ verb: String) -> any ProgressReporter {
    let isConversation = input.isTerminal || output.isTerminal
    return isConversation ? NoProgress() : ProgressLine.reporter(verb)
  }
}

extension FilePermissions {
  /// The mode of files that are sealed anyway, from which the umask takes away.
  fileprivate static let sealed: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
}
