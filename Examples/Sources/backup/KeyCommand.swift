import ArgumentParser
import Cairn
import CommandSupport

struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Add, list and remove the keys that open the repository.",
    subcommands: [KeyAddCommand.self, KeyListCommand.self, KeyRemoveCommand.self])
}

struct KeyAddCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Let another recipient or passphrase open the repository.")

  @OptionGroup var repository: RepositoryOptions

  @Option(help: ArgumentHelp("An age recipient; can be repeated.", valueName: "age1…"))
  var recipient: [String] = []

  @Option(help: ArgumentHelp("A file whose first line is the new passphrase.", valueName: "file"))
  var newPassphraseFile: ArgumentBytes?

  @Option(
    help: ArgumentHelp(
      "A word for the key, of letters a to z, digits and \"-\", which anybody can read.",
      valueName: "word"))
  var label: String?

  private struct Document: Encodable {
    let added: [String]
  }

  func run() async throws {
    var ways = try WayIn.recipients(recipient)
    if let newPassphraseFile { ways.append(try .passphrase(newPassphraseFile)) }
    guard !ways.isEmpty else {
      throw Failure("say who shall open the repository: --recipient or --new-passphrase-file")
    }
    let store = try await repository.open()
    var added: [String] = []
    for way in ways {
      let name = try await store.addKey(for: [way.recipient], label: label ?? way.label)
      added.append(KeyName(name).description)
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
    discussion: "The one that opened the repository now has a star.")

  @OptionGroup var repository: RepositoryOptions

  private struct Document: Encodable {
    struct Key: Encodable {
      let name: String
      let label: String
      let types: [String]
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
              current: $0.name == store.openedBy)
          }))
    } else {
      for key in keys {
        let star = key.name == store.openedBy ? "*" : " "
        let types = key.types.joined(separator: ", ")
        try output.writeLine("\(star) \(KeyName(key.name).short)  \(types)")
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
      closes the door, it does not change the lock.
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
