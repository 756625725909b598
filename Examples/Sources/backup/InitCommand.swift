import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Create a repository.",
    discussion: """
      Say who can open it: a new identity, recipients, a passphrase, or several of these; each is a \
      way in of its own. Without any of them it is created for those that CAIRN_IDENTITY and \
      CAIRN_PASSPHRASE_FILE name. Keep the identity or the passphrase elsewhere too: without one, \
      nobody can read the repository.
      """)

  @Argument(
    help: ArgumentHelp(
      "A directory, sftp://user@host/path or rclone:remote:path; it is made if only its last part "
        + "is missing.", valueName: "repo"))
  var place: ArgumentBytes

  @Option(
    help: ArgumentHelp(
      "Write a new age identity to this file, which must not exist.", valueName: "file"))
  var newIdentity: ArgumentBytes?

  @Option(help: ArgumentHelp("An age recipient; can be repeated.", valueName: "age1…"))
  var recipient: [String] = []

  @Option(help: ArgumentHelp("A file whose first line is the passphrase.", valueName: "file"))
  var passphraseFile: ArgumentBytes?

  @Option(
    help: ArgumentHelp(
      "Name and cut data as this repository does, so that copies from one to the other are fast and "
        + "one with new backups. It is opened by what the environment names, which must be an owner's.",
      valueName: "repo"))
  var like: ArgumentBytes?

  @Flag(help: "Keep parity, 3.5 % more, by which damage that a disk does by itself is mended.")
  var parity = false

  @OptionGroup var output: OutputOptions

  func run() async throws {
    var ways = try WayIn.recipients(recipient)
    if let passphraseFile { ways.append(try .passphrase(passphraseFile)) }
    if ways.isEmpty, newIdentity == nil { ways = try environmentWays() }

    let other = try await openOther()
    if parity { try Parity.requireBuilt() }
    let target = try await RepositoryAddress(place).target(creating: true)
    if let newIdentity { ways.insert(try .newIdentity(in: newIdentity), at: 0) }
    let repository: Repository
    do {
      let (recipients, label) = ([ways[0].recipient], ways[0].label)
      if let other {
        repository = try await .create(on: target, for: recipients, label: label, like: other)
      } else {
        repository = try await .create(on: target, for: recipients, label: label)
      }
    } catch {
      // It opens nothing.
      newIdentity?.path.remove()
      throw error
    }
    for way in ways.dropFirst() {
      try await repository.addKey(for: [way.recipient], label: way.label)
    }
    if parity { _ = try await Parity.keep(on: target) }
    try await report(repository)
  }

  private func openOther() async throws -> Repository? {
    guard let like else { return nil }
    let credentials: Credentials
    do {
      credentials = try .fromEnvironment()
    } catch is NoCredentials {
      throw Failure(
        "nothing opens \(like.text); set CAIRN_IDENTITY or CAIRN_PASSPHRASE_FILE for it")
    }
    return try await Repository.open(
      on: RepositoryAddress(like).repository(), with: credentials.identities)
  }

  private func environmentWays() throws -> [WayIn] {
    let credentials: Credentials
    do {
      credentials = try .fromEnvironment()
    } catch is NoCredentials {
      throw Failure(
        "say who can open the repository: --new-identity, --recipient or --passphrase-file")
    }
    return try WayIn.all(for: credentials)
  }

  private struct Document: Encodable {
    let repository: String
    let id: String
    let keys: [Repository.Key]
    let newIdentity: String?
  }

  private func report(_ repository: Repository) async throws {
    let output = Output()
    if self.output.json {
      try output.write(
        json: Document(
          repository: repository.target.name, id: repository.id.description,
          keys: try await repository.keys(), newIdentity: newIdentity?.text))
    } else {
      try output.writeLine("created the repository \(repository.id) in \(repository.target.name)")
      if let newIdentity {
        try output.writeLine(
          "its key is in \(newIdentity.text); keep a copy elsewhere, since nothing opens the "
            + "repository without it")
      }
    }
    try output.flush()
  }
}
