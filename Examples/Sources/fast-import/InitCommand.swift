import ArgumentParser
import CairnChunks
import CairnCrypto
import CommandSupport
import FastImport

struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Create a repository that suits histories.",
    discussion: """
      Any repository takes histories, those that backup created too. One that is created here cuts \
      directories into smaller nodes, so that each commit adds less. Other ways in are added by \
      "backup key".
      """)

  @Argument(
    help: ArgumentHelp(
      "A directory; it is made if only its last part is missing.", valueName: "repo"))
  var place: ArgumentBytes

  @Option(
    help: ArgumentHelp(
      "Write a new age identity to this file, which must not exist.", valueName: "file"))
  var newIdentity: ArgumentBytes?

  @Option(help: ArgumentHelp("An age recipient; can be repeated.", valueName: "age1…"))
  var recipient: [String] = []

  func run() async throws {
    var recipients: [any Recipient] = try recipient.map { text in
      guard let recipient = X25519Recipient(text) else {
        throw Failure("\"\(text)\" is not an age recipient; it begins with age1")
      }
      return recipient
    }
    guard newIdentity != nil || !recipients.isEmpty else {
      throw Failure("say who can open the repository: --new-identity or --recipient")
    }
    let target = try DirectoryTarget(place.path, creating: true)
    if let newIdentity {
      let identity = try X25519Identity.generate()
      try SecretFile.create(newIdentity, IdentityFile.text(of: identity, comments: []))
      recipients.append(identity.recipient)
    }
    do {
      _ = try await Repository.create(on: target, for: recipients, layout: .histories)
    } catch {
      // It opens nothing.
      newIdentity?.path.remove()
      throw error
    }
  }
}
