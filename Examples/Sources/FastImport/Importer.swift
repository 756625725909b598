public import CairnChunks
public import SystemPackage

/// Imports a fast-import stream into a repository, command by command.
///
/// Memory: 28 bytes an object and 4 a mark, the changes of the commit at hand, and the buffers of the
/// session. Nothing is kept of a branch but its name, its commit and the number of its notes.
public final class Importer {
  let commands: CommandReader
  let store: ObjectStore
  var options: ImportOptions
  var branches: [[UInt8]: Branch] = [:]
  /// Tags in the order in which they came, by name.
  var tags: [[UInt8]: UInt32] = [:]
  /// What the refs were when the import began, or at the last checkpoint.
  var published: [[UInt8]: UInt32] = [:]
  /// Where the history that was there before begins, until it has been walked.
  var unwalkedRefs: [StoredObject] = []
  var marks = Marks()
  private(set) var report = ImportReport()
  private let arguments: [String]
  private let snapshotName: String
  private let temporaryFolder: FilePath
  /// The commits that submodules get instead of others.
  private(set) var rewrittenSubmodules: [ObjectID: ObjectID] = [:]
  private var hasReadArguments = false
  private var hasSeenDone = false
  private var lastPublished: ChunkID?

  /// What is kept of a branch.
  struct Branch {
    /// The number of its commit; `nil` while it has none.
    var commit: UInt32?
    /// How many notes its tree has, as far as it is known.
    var noteCount = 0
    /// Whether the stream asked for its deletion.
    var isDeleted = false
  }

  /// - Parameters:
  ///   - stream: is read to its end, or to `done`.
  ///   - arguments: git's options; they come after the features that the stream begins with.
  ///   - name: the name of the snapshots; an import goes on from the last one that has it.
  ///   - previous: the chunk of that snapshot.
  public init(
    _ stream: FileDescriptor, into session: BlockingSession, options: ImportOptions,
    arguments: [String], name: String, previous: ChunkID?, temporaryFolder: FilePath = "/var/tmp"
  ) throws {
    commands = CommandReader(StreamReader(stream))
    store = try ObjectStore(session, temporaryFolder: temporaryFolder)
    self.options = options
    self.options.allowsUnsafeFeatures = arguments.contains("--allow-unsafe-features")
    self.arguments = arguments
    snapshotName = name
    self.temporaryFolder = temporaryFolder
    guard let previous else { return }
    lastPublished = previous
    for (name, object) in try RefTable.load(previous, session) {
      published[name] = try History.add(object, to: store)
      unwalkedRefs.append(object)
    }
  }

  /// Imports the stream.
  ///
  /// - Returns: what was done; some refs may not have been updated.
  /// - Throws: ``ImportError`` where the stream is refused; what was published before the last
  ///   checkpoint stays.
  public func run() throws -> ImportReport {
    do {
      while try next() {
        try readCommand()
        if hasSeenDone { break }
      }
      try readArguments()
      if options.needsDone, !hasSeenDone { throw ImportError("stream ends early") }
      try publish()
    } catch {
      throw commands.located(error)
    }
    for (kind, count) in store.counts { report.objects[kind.name] = count }
    report.branches = branches.count
    report.marks = marks.count
    report.tableBytes = store.objects.byteCount + marks.byteCount
    return report
  }

  public var isQuiet: Bool { options.isQuiet }

  /// The next command; the arguments take effect before the first that is neither a feature nor an
  /// option.
  func next() throws -> Bool {
    guard try commands.next() else { return false }
    if !hasReadArguments, commands.argument("feature") == nil, commands.argument("option") == nil {
      try readArguments()
    }
    return true
  }

  private func readArguments() throws {
    guard !hasReadArguments else { return }
    hasReadArguments = true
    for argument in arguments { try options.take(argument: argument) }
    for file in options.importMarks {
      try marks.load(file) { try number(of: $0) }
    }
    rewrittenSubmodules = try options.rewrittenSubmodules()
  }

  private func readCommand() throws {
    let command = commands.command
    if command.equals("blob") {
      try readBlob()
    } else if let name = commands.argument("commit") {
      try readCommit(Array(name))
    } else if let name = commands.argument("tag") {
      try readTag(Array(name))
    } else if let name = commands.argument("reset") {
      try readReset(Array(name))
    } else if let argument = commands.argument("ls") {
      try readList(argument, in: nil)
    } else if let argument = commands.argument("cat-blob") {
      try readCatBlob(argument)
    } else if let argument = commands.argument("get-mark") {
      guard argument.first == Byte.colon else { throw ImportError("Not a mark: \(argument.text)") }
      try reply(try store.objects.object(try mark(argument)).id.hex + [Byte.lineFeed])
    } else if command.equals("checkpoint") {
      try commands.stream.skipOptionalLineFeed()
      try publish()
    } else if command.equals("done") {
      hasSeenDone = true
    } else if command.equals("alias") {
      try readAlias()
    } else if commands.argument("progress") != nil {
      try write(Array(command) + [Byte.lineFeed], to: .standardOutput)
      try commands.stream.skipOptionalLineFeed()
    } else if let feature = commands.argument("feature") {
      guard !hasReadArguments else {
        throw ImportError("Got feature command '\(feature.text)' after data command")
      }
      guard try options.take(feature: feature.text, isFromStream: true) else {
        throw ImportError("This version of fast-import does not support feature \(feature.text).")
      }
    } else if let option = commands.argument("option") {
      try readOption(option)
    } else {
      throw ImportError("Unsupported command: \(command.text)")
    }
  }

  private func readOption(_ option: Bytes) throws {
    // Those of other programs are not for us.
    guard let option = option.dropping("git ") else { return }
    guard !hasReadArguments else {
      throw ImportError("Got option command '\(option.text)' after data command")
    }
    guard try options.take(option: option.text) else {
      throw ImportError("This version of fast-import does not support option: \(option.text)")
    }
  }

  // MARK: Objects

  private func readBlob() throws {
    _ = try next()
    let mark = try readMark()
    try skipOriginalID()
    setMark(mark, to: try readBlobData())
  }

  /// Stores the data that the current command announces as a blob.
  func readBlobData() throws -> UInt32 {
    switch try commands.extent() {
    case .counted(let count):
      let number = try store.addBlob(commands.stream, byteCount: count)
      try commands.stream.skipOptionalLineFeed()
      return number
    case .delimited(let delimiter):
      // Its length comes first in what is hashed, so it is held, on disk if it is long.
      let spool = DataSpool(in: temporaryFolder)
      try commands.forEachLine(until: delimiter) { try spool.append($0) }
      return try spool.withStream { stream, count in
        try store.addBlob(stream, byteCount: count)
      }
    }
  }

  /// The mark that the object at hand gets, if it gets one.
  func readMark() throws -> UInt64? {
    guard let argument = commands.command.dropping("mark :") else { return nil }
    guard let mark = argument.decimal, mark > 0 else {
      throw ImportError("a mark is a number from 1 on: \(commands.command.text)")
    }
    _ = try next()
    return mark
  }

  func setMark(_ mark: UInt64?, to object: UInt32) {
    if let mark { marks.set(mark, to: object) }
  }

  func skipOriginalID() throws {
    if commands.argument("original-oid") != nil { _ = try next() }
  }

  private func readTag(_ name: [UInt8]) throws {
    guard RefTable.isValid(Array("refs/tags/".utf8) + name) else {
      throw ImportError("Tag name doesn't conform to GIT standards: \(name.text)")
    }
    _ = try next()
    let mark = try readMark()
    guard let from = commands.argument("from") else {
      throw ImportError("Expected from command, got \(commands.command.text)")
    }
    let target: UInt32
    if let branch = branches[Array(from)] {
      guard let commit = branch.commit else { throw ImportError("Can't tag an empty branch.") }
      target = commit
    } else {
      target = try revision(from)
    }
    _ = try next()
    try skipOriginalID()
    var tagger: [UInt8]?
    if let argument = commands.argument("tagger") {
      tagger = try Identity.parse(argument, options.dateFormat)
      _ = try next()
    }
    let message = try commands.message()
    let object = try store.objects.object(target)
    var text = Array("object \(object.id)\ntype \(object.kind.name)\ntag ".utf8) + name
    text.append(Byte.lineFeed)
    if let tagger { text += Array("tagger ".utf8) + tagger + [Byte.lineFeed] }
    text.append(Byte.lineFeed)
    let number = try store.addTag(text + message, target: target)
    tags[name] = number
    setMark(mark, to: number)
  }

  private func readReset(_ name: [UInt8]) throws {
    try requireValid(name)
    branches[name] = Branch()
    _ = try next()
    try readFrom(name)
    if branches[name]?.isDeleted == true, let tag = name.dropping("refs/tags/") {
      tags[Array(tag)] = nil
    }
    if !commands.command.isEmpty { commands.unread() }
  }

  func requireValid(_ name: [UInt8]) throws {
    guard RefTable.isValid(name) else {
      throw ImportError("Branch name doesn't conform to GIT standards: \(name.text)")
    }
  }

  /// Takes a `from` command, if there is one, as the branch's commit.
  func readFrom(_ name: [UInt8]) throws {
    guard let from = commands.argument("from") else { return }
    guard !from.elementsEqual(name) else {
      throw ImportError("Can't create a branch from itself: \(name.text)")
    }
    if let other = branches[Array(from)] {
      branches[name]?.commit = other.commit
    } else if ObjectID(hex: from) == .null {
      branches[name]?.commit = nil
      branches[name]?.isDeleted = true
    } else {
      // Looked up first: the branch is not to be read while it is changed.
      let commit = try commit(from)
      branches[name]?.commit = commit
    }
    _ = try next()
  }

  private func readAlias() throws {
    try commands.stream.skipOptionalLineFeed()
    _ = try next()
    guard let mark = try readMark() else {
      throw ImportError("Expected 'mark' command, got \(commands.command.text)")
    }
    guard let target = commands.argument("to") else {
      throw ImportError("Expected 'to' command, got \(commands.command.text)")
    }
    if let branch = branches[Array(target)] {
      guard let commit = branch.commit else {
        throw ImportError("an alias of an empty branch: \(target.text)")
      }
      marks.set(mark, to: commit)
    } else {
      marks.set(mark, to: try commit(target))
    }
    try commands.stream.skipOptionalLineFeed()
  }

  // MARK: Publishing

  /// Makes the refs what the stream says, and publishes a snapshot if they changed.
  private func publish() throws {
    for (name, branch) in branches where branch.commit == nil && branch.isDeleted {
      published[name] = nil
    }
    var folders = folders(of: published.keys)
    for (name, branch) in branches.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      guard let commit = branch.commit else { continue }
      if published[name] == nil {
        let own = self.folders(of: [name])
        guard !folders.contains(name), !own.contains(where: { published[$0] != nil }) else {
          report.refusals.append(
            "Not creating \(name.text) (a ref cannot lie within another)")
          continue
        }
        folders.formUnion(own)
      }
      if let old = published[name], old != commit, !options.isForced,
        try !contains(old, from: commit)
      {
        let new = try store.objects.object(commit).id
        let lost = try store.objects.object(old).id
        report.refusals.append(
          "Not updating \(name.text) (new tip \(new) does not contain \(lost))")
        continue
      }
      published[name] = commit
    }
    for (name, tag) in tags { published[Array("refs/tags/".utf8) + name] = tag }
    let refs = try published.mapValues { try store.objects.object($0) }
    let chunk = try RefTable.store(refs, store.session)
    if chunk != lastPublished, lastPublished != nil || !refs.isEmpty {
      try store.session.publish(
        name: snapshotName, chunk: chunk,
        fields: ["kind": "git history", "refs": String(refs.count)])
      lastPublished = chunk
    }
    if let path = options.exportMarks {
      try marks.save(to: path) { try store.objects.object($0).id }
    }
  }

  /// The names that refs have in front of one of their slashes: no ref can be called that too.
  private func folders(of refs: some Sequence<[UInt8]>) -> Set<[UInt8]> {
    var folders: Set<[UInt8]> = []
    for name in refs {
      for (position, byte) in name.enumerated() where byte == Byte.slash {
        folders.insert(Array(name[..<position]))
      }
    }
    return folders
  }

  // MARK: Replies

  func reply(_ bytes: [UInt8]) throws { try write(bytes, to: options.replies) }

  private func write(_ bytes: [UInt8], to file: FileDescriptor) throws {
    do {
      try file.writeAll(bytes)
    } catch {
      throw ImportError("Write to frontend failed: \(error)")
    }
  }
}
