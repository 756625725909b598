import ArgumentParser
import CairnChunks
import CairnCrypto
import CommandSupport
import SystemPackage

/// How a repository is found and opened.
struct RepositoryOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The repository, a directory.", valueName: "repo"))
  var place: ArgumentBytes

  @Option(
    help: ArgumentHelp(
      "An age identity file that opens the repository; also from CAIRN_IDENTITY.",
      valueName: "file"))
  var identity: ArgumentBytes?

  @Option(
    help: ArgumentHelp(
      "A file whose first line is the passphrase; also from CAIRN_PASSPHRASE_FILE.",
      valueName: "file"))
  var passphraseFile: ArgumentBytes?

  func open() async throws -> Repository {
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
      on: try DirectoryTarget(place.path, creating: false), with: identities)
  }
}

/// Which of the histories in a repository is meant.
struct SnapshotOptions: ParsableArguments {
  @OptionGroup var repository: RepositoryOptions

  @Argument(help: "A name, the first digits of an id, or \"latest\".")
  var snapshot: String

  /// Opens the repository and finds the snapshot.
  func open() async throws -> (repository: Repository, snapshot: ChunkID) {
    let repository = try await repository.open()
    let root = try await repository.root(snapshot) { $0.isHistory }
    return (repository, root.chunk)
  }
}

extension Root {
  /// Whether ``FastImport`` published it.
  var isHistory: Bool { fields["kind"] == "git history" }
}
