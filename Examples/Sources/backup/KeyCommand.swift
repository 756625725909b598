import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Add, list, remove and change the keys that open the repository.",
    subcommands: [
      KeyAddCommand.self, KeyListCommand.self, KeyRemoveCommand.self, KeyRotateCommand.self,
      KeyResealCommand.self,
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
      repository already is not sealed anew, but by --reseal, or later by key reseal: who had its keys can \
      still read that. Backups that run meanwhile are finished with the old keys. If this is \
      interrupted, do it again.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Flag(help: "Seal what is there with the new keys, as key reseal does.")
  var reseal = false

  @Flag(
    name: .customLong("plan"),
    help: "With --reseal: show what would be sealed anew, and change nothing, nor the keys.")
  var isPlan = false

  func validate() throws {
    guard reseal || !isPlan else { throw ValidationError("--plan goes with --reseal.") }
  }

  func run() async throws {
    let store = try await repository.open()
    if isPlan { return try await Resealing(repository).describePlan(store, afterRotation: true) }
    if reseal { try await Resealing.refuseSuspicious(store) }
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
    // With the new keys, which are not known here yet.
    let isSealed = reseal ? try await Resealing(repository).run(repository.open()) : true
    try (rotation.removedMeanwhile.isEmpty && isSealed ? ExitStatus.done : .incomplete).end()
  }
}

struct KeyResealCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reseal",
    abstract: "Seal what was written before keys were changed with the newest ones.",
    discussion: """
      Whoever was removed then opens nothing in the repository any more; copies that he made he still \
      opens. All that snapshots need is read and stored anew, and the old is deleted as by prune, so the \
      repository grows meanwhile by as much. Snapshots get new ids. Backups may go on; what those may \
      need that are under way is left for the next time, and the exit status is 1. If this is \
      interrupted, do it again.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Flag(name: .customLong("plan"), help: "Show what would be sealed anew, and change nothing.")
  var isPlan = false

  @Option(
    help: ArgumentHelp("How long to wait for backups that are under way.", valueName: "seconds"))
  var wait = 60

  func validate() throws {
    guard wait >= 0 else { throw ValidationError("--wait takes a number of seconds from 0 on.") }
  }

  func run() async throws {
    let store = try await repository.open()
    let resealing = Resealing(repository, patience: .seconds(wait))
    if isPlan {
      try await resealing.describePlan(store)
    } else {
      try await Resealing.refuseSuspicious(store)
      try (await resealing.run(store) ? ExitStatus.done : .incomplete).end()
    }
  }
}

/// What older keys open, sealed anew.
private struct Resealing {
  private let repository: RepositoryOptions
  private let patience: Duration

  init(_ repository: RepositoryOptions, patience: Duration = .seconds(60)) {
    self.repository = repository
    self.patience = patience
  }

  /// Afterwards, nobody could tell a snapshot any more that somebody made with stolen keys.
  static func refuseSuspicious(_ store: Repository) async throws {
    let seen = try SeenRecord.read(LocalState(of: store).seen)
    let findings = try await store.changes(since: seen).findings
    guard let finding = findings.first(where: { $0.kind == .rootOfOldKeys }) else { return }
    throw Failure(
      "\(finding.message); look at it, forget it or accept it with backup verify --accept, and do this "
        + "again")
  }

  private struct Document: Encodable {
    let plan: ResealingPlan
    let report: ResealingReport?
  }

  func describePlan(_ store: Repository, afterRotation: Bool = false) async throws {
    let plan = try await store.planResealing(afterRotation: afterRotation)
    let output = Output()
    if repository.output.json {
      try output.write(json: Document(plan: plan, report: nil))
    } else {
      try output.writeLine(
        "keys before epoch \(plan.epoch) open \(Formatting.count(plan.packs.count, "pack")) with "
          + "\(Formatting.bytes(plan.packBytes)), of which about "
          + "\(Formatting.bytes(plan.movedBytes)) are needed and would be read and stored anew, "
          + "\(Formatting.count(plan.indexBlobs.count, "part")) of the index with "
          + "\(Formatting.bytes(plan.indexBytes)), and "
          + "\(Formatting.count(plan.roots.count, "snapshot"))")
      if plan.unreadablePacks > 0 {
        try output.writeLine(
          "\(Formatting.count(plan.unreadablePacks, "pack")) cannot be read and would be left alone; "
            + "see backup verify")
      }
      if plan.openSessions > 0 {
        try output.writeLine(
          "\(Formatting.count(plan.openSessions, "backup")) under way: what may be needed for that "
            + "stays until it has ended and key reseal is run again")
      }
      try output.writeLine(
        "older keys would still open copies that somebody has made, and the announcements of backups, "
          + "which tell nothing of their content")
    }
    try output.flush()
  }

  /// - Returns: whether older keys open nothing any more.
  func run(_ store: Repository) async throws -> Bool {
    let plan = try await store.planResealing()
    let report: ResealingReport
    do {
      report = try await store.reseal(
        plan, options: CollectionOptions(patience: patience),
        progress: ProgressLine.reporter("sealing anew"))
    } catch {
      throw Failure.ifInterrupted(error, "nothing is lost, run key reseal for the rest")
    }
    try takeNote(of: report.roots, of: store)
    let left = report.collection.postponedPacks + report.collection.neededPacks
    let output = Output()
    if repository.output.json {
      try output.write(json: Document(plan: plan, report: report))
    } else {
      try output.writeLine(
        "sealed \(Formatting.count(report.roots.count, "snapshot")) anew, stored "
          + "\(Formatting.bytes(report.store.storedBytes)), deleted "
          + "\(Formatting.count(report.collection.deletedPacks, "pack")) with "
          + "\(Formatting.bytes(report.collection.deletedBytes))")
    }
    try output.flush()
    if left > 0 {
      printError(
        "\(Formatting.count(left, "pack")) that older keys open stay for the sake of backups that are "
          + "under way or ended just now; run key reseal again")
    }
    return left == 0 && plan.unreadablePacks == 0
  }

  /// The old roots are not missed, on this machine.
  private func takeNote(
    of replaced: [ResealingReport.Replacement], of store: Repository
  ) throws {
    let path = try LocalState(of: store).seen
    guard var seen = try SeenRecord.read(path) else { return }
    seen.forget(replaced.map(\.root))
    try seen.write(path)
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
