import CairnChunks
import CairnCrypto
import CommandSupport
import FastImport

enum InitCommand {
  static func run(_ arguments: ParsedArguments) async throws {
    let newIdentity = arguments.value(of: .newIdentity)
    var recipients: [any Recipient] = try arguments.values(of: .recipient).map { value in
      guard let recipient = X25519Recipient(value.text) else {
        throw Failure("\"\(value.text)\" is not an age recipient; it begins with age1")
      }
      return recipient
    }
    guard newIdentity != nil || !recipients.isEmpty else {
      throw Failure("say who can open the repository: --new-identity or --recipient")
    }
    let target = try DirectoryTarget(arguments[.newRepository].path, creating: true)
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
