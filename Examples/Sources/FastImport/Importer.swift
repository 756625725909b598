public import CairnChunks
public import SystemPackage

/// Imports a fast-import stream into a repository, command by command.
///
/// Memory: 28 bytes an object, 4 a mark, 32 and the name a branch, the changes of the commit at hand, and the buffers of the
/// session. Nothing is kept of a branch but its name, its commit and the number of its notes.
public final class Importer {
  let commands: CommandReader
  let store: ObjectStore
  var options: ImportOptions
  var branches: BranchTable
  /// Tags by their names, without "refs/tags/".
  var tags: [[UInt8]: UInt32] = [:]
  /// How often tags came again, by their names; git keeps all of them.
  var repeatedTags: [[UInt8]: Int] = [:]
  /// Where the history that was there before begins, until it has been walked.
  var unwalkedRefs: [StoredObject] = []
  var marks = Marks()
  var report = ImportReport()
  private let arguments: [String]
  let snapshotName: String
  let temporaryFolder: FilePath
  /// The commits that submodules get instead of others, by the hexadecimal digits of those.
  private(set) var rewrittenSubmodules: [[UInt8]: ObjectID] = [:]
  private var hasReadArguments = false
  private var hasSeenDone = false
  var lastPublished: ChunkID?

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
    branches = try BranchTable()
    self.options = options
    self.options.allowsUnsafeFeatures = arguments.contains("--allow-unsafe-features")
    self.arguments = arguments
    snapshotName = name
    self.temporaryFolder = temporaryFolder
    guard let previous else { return }
    lastPublished = previous
    var published: [[UInt8]: UInt32] = [:]
    for (name, object) in try RefTable.load(previous, session) {
      published[name] = try History.add(object, to: store)
      unwalkedRefs.append(object)
    }
    try branches.setPublished(published)
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
        if CheckpointSignal.take() { try publish() }
      }
      try readArguments()
      // Git does not take a "done" for whole either that the stream ended in.
      if options.needsDone, !hasSeenDone || commands.stream.hasOpenLine {
        throw ImportError("stream ends early")
      }
      try publish()
    } catch {
      throw commands.located(error)
    }
    for kind in [ObjectKind.blob, .tree, .commit, .tag] {
      report.objects[kind.name] = store.count(of: kind)
    }
    report.objectTable = ImportReport.Table(
      entries: UInt64(store.objects.count), bytes: store.objects.byteCount)
    report.markTable = ImportReport.Table(entries: marks.count, bytes: marks.byteCount)
    report.branchTable = ImportReport.Table(
      entries: UInt64(branches.count), bytes: branches.byteCount)
    return report
  }

  public var isQuiet: Bool { options.isQuiet }

  /// The next command; the arguments take effect before the first line that is neither a feature nor
  /// an option, be it only a comment.
  func next() throws -> Bool {
    guard try commands.next() else { return false }
    if !hasReadArguments {
      let isOption = commands.argument("feature") != nil || commands.argument("option") != nil
      if !isOption || commands.hasReadComment { try readArguments() }
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
    if !options.isQuiet {
      for name in options.ignored.sorted() { options.warn("--\(name) means nothing here") }
    }
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
      // Whoever waits for it need not send more.
      try publish()
      try commands.stream.skipOptionalLineFeed()
    } else if command.equals("done") {
      hasSeenDone = true
    } else if command.equals("alias") {
      try readAlias()
    } else if commands.argument("progress") != nil {
      try write(Array(command) + [Byte.lineFeed], to: options.progress)
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
    // Git too reads no further than the digits, here and where data has a count.
    guard let mark = argument.leadingDigits.decimal, mark > 0 else {
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
    _ = try next()
    let mark = try readMark()
    guard let from = commands.argument("from") else {
      throw ImportError("Expected from command, got \(commands.command.text)")
    }
    let target: UInt32
    if let branch = branches.branch(from) {
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
    var message = try commands.message(in: temporaryFolder)
    try treatSignature(in: &message, ofTag: name)
    let object = try store.objects.object(target)
    var text = Array("object \(object.id)\ntype \(object.kind.name)\ntag ".utf8) + name
    text.append(Byte.lineFeed)
    if let tagger { text += Array("tagger ".utf8) + tagger + [Byte.lineFeed] }
    text.append(Byte.lineFeed)
    let number = try store.addTag(text, message, target: target)
    if tags.updateValue(number, forKey: name) != nil { repeatedTags[name, default: 0] += 1 }
    setMark(mark, to: number)
  }

  private func readReset(_ name: [UInt8]) throws {
    try requireValid(name)
    // What is known of its notes stays, as git has it.
    try branches.update(name) { $0.commit = nil }
    _ = try next()
    try readFrom(name)
    let isDeleted = branches.branch(name)?.isDeleted == true
    if isDeleted, let tag = name.dropping("refs/tags/").map(Array.init) {
      if let count = repeatedTags[tag] {
        repeatedTags[tag] = count > 1 ? count - 1 : nil
      } else {
        tags[tag] = nil
      }
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
    if let other = branches.branch(from) {
      try branches.update(name) { $0.commit = other.commit }
    } else if ObjectID(hex: from) == .null {
      try branches.update(name) { branch in
        branch.commit = nil
        branch.isDeleted = true
      }
    } else {
      let commit = try commit(from)
      try branches.update(name) { $0.commit = commit }
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
    if let branch = branches.branch(target) {
      guard let commit = branch.commit else {
        throw ImportError("an alias of an empty branch: \(target.text)")
      }
      marks.set(mark, to: commit)
    } else {
      marks.set(mark, to: try commit(target))
    }
    try commands.stream.skipOptionalLineFeed()
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
