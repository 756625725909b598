import CairnChunks
import CairnCrypto
import CommandSupport
import SystemPackage

extension ParsedArguments {
  /// Opens the repository, by whatever is said to open it.
  func openRepository() async throws -> Repository {
    let identity = value(of: .identity)
    let passphraseFile = value(of: .passphraseFile)
    // From the command line, or else from the environment; nothing is mixed.
    let isGiven = identity != nil || passphraseFile != nil
    let identityFile = isGiven ? identity : environment("CAIRN_IDENTITY")
    let phraseFile = isGiven ? passphraseFile : environment("CAIRN_PASSPHRASE_FILE")
    var identities: [any Identity] = []
    if let identityFile {
      do {
        identities += try IdentityFile(parsing: try SecretFile.read(identityFile)).identities
      } catch let error as CryptoError {
        throw Failure("\(identityFile.text) is not a file of age identities: \(error)")
      }
    }
    if let phraseFile {
      identities.append(ScryptIdentity(passphrase: try SecretFile.readPassphrase(phraseFile)))
    }
    return try await Repository.open(
      on: try DirectoryTarget(self[.repository].path, creating: false), with: identities)
  }

  /// Opens the repository and finds the history in it that is meant.
  func openSnapshot() async throws -> (repository: Repository, snapshot: ChunkID) {
    let repository = try await openRepository()
    let root = try await repository.root(self[.snapshot].text) { $0.isHistory }
    return (repository, root.chunk)
  }
}

extension Root {
  /// Whether ``FastImport`` published it.
  var isHistory: Bool { fields["kind"] == "git history" }
}
