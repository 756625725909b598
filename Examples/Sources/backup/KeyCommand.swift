import ArgumentParser
import Cairn
import CommandSupport

struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Add, list, remove and change the keys that open the repository.",
    subcommands: [
      KeyAddCommand.self, KeyListCommand.self, KeyRemoveCommand.self, KeyRotateCommand.self,
    ])
}

struct KeyAddCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Let another recipient or passphrase open the repository.",
    discussion: """
      A key is an owner's, unless --writer or --reader says otherwise. With a writer's, a machine can \
      create backups, list what it backed up itself and verify that stored bytes are as they were; it \
      cannot read anything, so nothing can be read with it when it is stolen. With a reader's, \
      everything can be read, and nothing is written that others accept.

      With --output, a new identity is made and written to the file, to be put on that machine.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Option(help: ArgumentHelp("An age recipient; can be repeated.", valueName: "age1…"))
  var recipient: [String] = []

  @Option(help: ArgumentHelp("A file whose first line is the new passphrase.", valueName: "file"))
  var newPassphraseFile: ArgumentBytes?

  @Option(
    name: .customLong("output"),
    help: ArgumentHelp(
      "Write a new age identity to this file, which must not exist, and let that open the repository.",
      valueName: "file"))
  var newIdentity: ArgumentBytes?

  @Flag(help: "For a machine that backs up and reads nothing.")
  var writer = false

  @Flag(help: "For somebody who reads and backs nothing up.")
  var reader = false

  @Option(
    help: ArgumentHelp(
      "A word for the key, of letters a to z, digits and \"-\", which anybody can read.",
      valueName: "word"))
  var label: String?

  private struct Document: Encodable {
    let added: [String]
  }

  func validate() throws {
    guard !writer || !reader else {
      throw ValidationError("A key is a writer's or a reader's; for both, add an owner's.")
    }
  }

  private var capability: Capability { writer ? .writer : reader ? .reader : .owner }

  func run() async throws {
    var ways = try WayIn.recipients(recipient)
    if let newPassphraseFile { ways.append(try .passphrase(newPassphraseFile)) }
    guard !ways.isEmpty || newIdentity != nil else {
      throw Failure(
        "say who shall open the repository: --recipient, --new-passphrase-file or --output")
    }
    let store = try await repository.open()
    if let newIdentity { ways.append(try .newIdentity(in: newIdentity)) }
    var added: [String] = []
    do {
      for way in ways {
        let word = label ?? (capability == .owner ? way.label : capability.rawValue)
        let name = try await store.addKey(
          for: [way.recipient], label: word, capability: capability)
        added.append(KeyName(name).description)
      }
    } catch {
      // It comes last, so it opens nothing.
      newIdentity?.path.remove()
      throw error
    }
    let output = Output()
    if repository.output.json {
      try output.write(json: Document(added: added))
    } else {
      for name in added { try output.writeLine("added \(name)") }
    }
    try output.flush()
  }
}

struct KeyListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the keys.",
    discussion: """
      The one that opened the repository now has a star. What a key allows, only owners are told; "not \
      ours" has one that no owner gave, and "old" one that a change of keys has not reached: change \
      them again to complete that.
      """)

  @OptionGroup var repository: RepositoryOptions

  private struct Document: Encodable {
    struct Key: Encodable {
      let name: String
      let label: String
      let types: [String]
      let capability: Capability?
      let upToDate: Bool
      let current: Bool
    }
    let keys: [Key]
  }

  func run() async throws {
    let store = try await repository.open()
    let keys = try await store.keys()
    let output = Output()
    if repository.output.json {
      try output.write(
        json: Document(
          keys: keys.map {
            Document.Key(
              name: KeyName($0.name).description, label: $0.label, types: $0.types,
              capability: $0.capability, upToDate: $0.isCurrent, current: $0.name == store.openedBy)
          }))
    } else {
      for key in keys {
        let star = key.name == store.openedBy ? "*" : " "
        let types = key.types.joined(separator: ", ")
        let isOwner = store.capability == .owner
        let allows = key.capability?.rawValue ?? (isOwner ? "not ours" : "")
        let age = isOwner && key.capability != nil && !key.isCurrent ? "  old" : ""
        try output.writeLine("\(star) \(KeyName(key.name).short)  \(types)  \(allows)\(age)")
      }
    }
    try output.flush()
  }
}

struct KeyRemoveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Remove a key.",
    discussion: """
      Whoever opened the repository by it before may have kept the repository's own keys: this \
      closes the door, key rotate changes the lock.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Argument(help: "The key's name or its first characters, as key list shows it.")
  var key: String

  private struct Document: Encodable {
    let removed: String
  }

  func run() async throws {
    let store = try await repository.open()
    let names = try await store.keys().map { KeyName($0.name) }
    let matches = names.filter { $0.matches(key) }
    guard let name = matches.first else {
      throw Failure("no key has the name \"\(key)\"; see key list")
    }
    guard matches.count == 1 else {
      throw Failure("\(matches.count) keys have names that begin with \"\(key)\"; give more of it")
    }
    try await store.removeKey(name.blob)
    let output = Output()
    if repository.output.json {
      try output.write(json: Document(removed: name.description))
    } else {
      try output.writeLine("removed \(name.short)")
    }
    try output.flush()
  }
}

struct KeyRotateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Change the repository's own keys, so that who was removed reads nothing new.",
    discussion: """
      Everybody who is listed goes on with the key or passphrase that he has. What is in the \
      repository already is not sealed anew: who had its keys can still read that. Backups that run \
      meanwhile are finished with the old keys. If this is interrupted, do it again.
      """)

  @OptionGroup var repository: RepositoryOptions

  func run() async throws {
    let store = try await repository.open()
    let rotation = try await store.rotateKeys()
    for key in rotation.leftOut {
      printError("\(KeyName(key).short) was given by no owner, and got nothing")
    }
    for key in rotation.removedMeanwhile {
      printError(
        "\(KeyName(key).short) was removed meanwhile; change the keys again to shut it out")
    }
    let output = Output()
    if repository.output.json {
      try output.write(json: rotation)
    } else {
      let keys = Formatting.count(Int64(rotation.carriedOver.count), "key")
      try output.writeLine(
        rotation.isNew
          ? "changed to epoch \(rotation.epoch), for \(keys)"
          : "completed the change to epoch \(rotation.epoch), for \(keys)")
    }
    try output.flush()
    try (rotation.removedMeanwhile.isEmpty ? ExitStatus.done : .incomplete).end()
  }
}

/// A key as a person names it: its blob without the folder, of which a label and some digits do.
private struct KeyName: CustomStringConvertible {
  let blob: BlobName

  init(_ blob: BlobName) {
    self.blob = blob
  }

  var description: String { String(blob.lastPart) }

  /// The label and eight of the 64 digits.
  var short: String { String(description.dropLast(56)) }

  func matches(_ text: String) -> Bool {
    !text.isEmpty && (description.hasPrefix(text) || blob.description == text)
  }
}
