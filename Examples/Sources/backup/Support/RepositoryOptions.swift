import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport
import SystemPackage

/// What every command takes.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON on standard output instead of text.")
  var json = false
}

/// How a repository is found and opened.
struct RepositoryOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The repository: a directory, sftp://user@host/path or rclone:remote:path.",
      valueName: "repo"))
  var place: ArgumentBytes

  @OptionGroup var access: AccessOptions

  @Option(
    help: ArgumentHelp(
      "Where chunks are looked up: \"memory\", with 13 bytes for each, or \"disk\", with 32 MiB for any "
        + "number of them and a file in CAIRN_STATE, which is read on from in the next run.",
      valueName: "place"))
  var index = IndexPlace.memory

  enum IndexPlace: String, ExpressibleByArgument, CaseIterable {
    case memory, disk
  }

  @OptionGroup var output: OutputOptions

  private func indexed(_ options: Repository.Options) throws -> Repository.Options {
    var options = options
    if index == .disk { options.index = DiskChunkIndex(try LocalState.indexFolder()) }
    return options
  }

  func target() async throws -> any Target {
    try await RepositoryAddress(place).repository()
  }

  /// Opens it to be read.
  func open(_ options: Repository.Options = Repository.Options()) async throws -> Repository {
    try await open(on: try await target(), options)
  }

  /// Opens it as another target shows it.
  func open(
    on target: any Target, _ options: Repository.Options = Repository.Options()
  ) async throws -> Repository {
    try await opening(target) {
      try await Repository.open(
        on: target, with: access.credentials().identities, options: indexed(options))
    }
  }

  /// Opens it to be written to, which a writer's key is enough for.
  func openWriter(
    _ options: Repository.Options = Repository.Options()
  ) async throws -> RepositoryWriter {
    let target = try await target()
    return try await opening(target) {
      try await RepositoryWriter.open(
        on: target, with: access.credentials().identities, options: indexed(options))
    }
  }

  /// Opens it as far as the key goes.
  func openAsAllowed() async throws -> Opened {
    do {
      return .readable(try await open())
    } catch let error as ChunkStoreError where error.code == .notPermitted {
      return .writable(try await openWriter())
    }
  }

  enum Opened {
    case readable(Repository)
    case writable(RepositoryWriter)
  }

  /// Says what is missing if nothing was given that opens it.
  private func opening<Result>(
    _ target: any Target, _ body: () async throws -> Result
  ) async throws -> Result {
    do {
      return try await body()
    } catch is NoCredentials {
      // A place that is no repository matters more than a key that is missing.
      do {
        _ = try await Repository.open(on: target, with: [])
        throw NoCredentials()
      } catch let error as ChunkStoreError {
        throw error.code != .noAccess
          ? error
          : Failure(
            "nothing was given that opens the repository; use --identity or --passphrase-file, or "
              + "set CAIRN_IDENTITY or CAIRN_PASSPHRASE_FILE")
      }
    }
  }
}

/// Who opens the repository.
struct AccessOptions: ParsableArguments {
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

  /// From the command line, or else from the environment; nothing is mixed.
  ///
  /// - Throws: ``NoCredentials``, or why what was given cannot be used.
  func credentials() throws -> Credentials {
    if identity != nil || passphraseFile != nil {
      return try Credentials(identity: identity, passphraseFile: passphraseFile)
    }
    return try .fromEnvironment()
  }
}

/// What opens a repository, and for whom it would be sealed so that this opens it.
struct Credentials {
  var identities: [any Identity] = []
  /// Those of identities.
  var recipients: [any Recipient] = []
  var passphrase: SecretBytes?

  static func fromEnvironment() throws -> Credentials {
    try Credentials(
      identity: environment("CAIRN_IDENTITY"),
      passphraseFile: environment("CAIRN_PASSPHRASE_FILE"))
  }

  /// - Throws: ``NoCredentials``, or why what was given cannot be used.
  init(identity: ArgumentBytes?, passphraseFile: ArgumentBytes?) throws {
    if let identity {
      do {
        let file = try IdentityFile(parsing: try SecretFile.read(identity))
        identities += file.identities
        recipients += file.recipients
      } catch let error as CryptoError {
        throw Failure("\(identity.text) is not a file of age identities: \(error)")
      }
    }
    if let passphraseFile {
      let passphrase = try SecretFile.readPassphrase(passphraseFile)
      self.passphrase = passphrase
      identities.append(ScryptIdentity(passphrase: passphrase))
    }
    if identity == nil, passphraseFile == nil { throw NoCredentials() }
  }
}
