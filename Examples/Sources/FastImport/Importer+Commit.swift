import CairnChunks

extension Importer {
  func readCommit(_ name: [UInt8]) throws {
    if branches.branch(name) == nil {
      try requireValid(name)
      try branches.update(name) { _ in }
    }
    _ = try next()
    let mark = try readMark()
    try skipOriginalID()
    var author: [UInt8]?
    if let argument = commands.argument("author") {
      author = try Identity.parse(argument, options.dateFormat)
      _ = try next()
    }
    guard let argument = commands.argument("committer") else {
      throw ImportError("Expected committer but didn't get one")
    }
    let committer = try Identity.parse(argument, options.dateFormat)
    _ = try next()
    let signatures = try readSignatures()
    var encoding: [UInt8]?
    if let argument = commands.argument("encoding") {
      encoding = Array(argument)
      _ = try next()
    }
    let message = try commands.message(in: temporaryFolder)
    _ = try next()
    try readFrom(name)
    let branch = branches.branch(name) ?? BranchTable.Branch()
    let tree = try branch.commit.map { try self.tree(ofCommit: $0) } ?? store.emptyTree()
    var parents: [UInt32?] = branch.commit.map { [$0] } ?? []
    while let from = commands.argument("merge") {
      // A branch without commits is merged as the commit of no id: so git has it.
      let isEmpty = branches.branch(from).map { $0.commit == nil } ?? false
      parents.append(isEmpty ? nil : try commit(from))
      _ = try next()
    }

    var work = WorkTree(
      Directory(tree), noteCount: branch.noteCount, changeLimit: options.changeLimit)
    while !commands.command.isEmpty {
      guard try readChange(&work) else {
        commands.unread()
        break
      }
      guard try next() else { break }
    }
    try work.fitFanout(store)

    let root = try work.root.write(store)
    guard let rootNumber = store.objects.number(of: root.id) else {
      preconditionFailure("a tree that was written is known")
    }
    var text = Array("tree \(root.id)\n".utf8)
    for parent in parents {
      let id = try parent.map { try store.objects.object($0).id } ?? .null
      text += Array("parent \(id)\n".utf8)
    }
    text += Array("author ".utf8) + (author ?? committer) + [Byte.lineFeed]
    text += Array("committer ".utf8) + committer + [Byte.lineFeed]
    if let encoding { text += Array("encoding ".utf8) + encoding + [Byte.lineFeed] }
    text += signatures
    text.append(Byte.lineFeed)
    let number = try store.addCommit(
      text, message, tree: rootNumber, parents: parents.compactMap { $0 })
    let noteCount = work.noteCount
    try branches.update(name) { branch in
      branch.commit = number
      branch.noteCount = noteCount
    }
    setMark(mark, to: number)
  }

  func tree(ofCommit number: UInt32) throws -> StoredObject {
    try store.objects.object(try store.objects.object(number).target)
  }

  /// Carries out the current command as a change of the tree.
  ///
  /// - Returns: whether it is one.
  private func readChange(_ work: inout WorkTree) throws -> Bool {
    if let argument = commands.argument("M") {
      try modify(argument, in: work)
    } else if let argument = commands.argument("D") {
      let path = try PathQuoting.last(argument, .path, of: commands.command)
      if path.isEmpty {
        work.root = Directory(try store.emptyTree())
      } else {
        try work.root.remove(try PathQuoting.components(of: path)[...], store)
      }
    } else if let argument = commands.argument("R") {
      try copy(argument, in: &work, isRename: true)
    } else if let argument = commands.argument("C") {
      try copy(argument, in: &work, isRename: false)
    } else if let argument = commands.argument("N") {
      try modifyNote(argument, in: &work)
    } else if commands.command.equals("deleteall") {
      work.root = Directory(try store.emptyTree())
      work.noteCount = 0
    } else if let argument = commands.argument("ls") {
      try readList(argument, in: work.root)
    } else if let argument = commands.argument("cat-blob") {
      try readCatBlob(argument)
    } else {
      return false
    }
    try work.spill(store)
    return true
  }

  // MARK: Files

  private func modify(_ argument: Bytes, in work: borrowing WorkTree) throws {
    let line = commands.command
    guard let space = argument.firstIndex(of: Byte.space), let mode = Mode(argument[..<space])
    else { throw ImportError("Corrupt mode: \(line.text)") }
    let (reference, pathText) = try reference(
      argument[(space + 1)...], mayBeInline: true, as: mode)
    let path = try PathQuoting.last(pathText, .path, of: line)
    let components = try PathQuoting.components(of: path)
    let change: Directory.Change
    switch (reference, mode) {
    case (.inline, .submodule):
      throw ImportError("Git links cannot be specified 'inline': \(line.text)")
    case (.inline, .directory):
      throw ImportError("Directories cannot be specified 'inline': \(line.text)")
    case (.inline, _):
      change = .object(mode, try readInlineBlob())
    case (.id(let id), .submodule):
      // It need not be known, for it is in another repository.
      if let known = store.objects.number(of: id) { try require(.commit, known, line) }
      change = .submodule(id)
    case (.mark(let number), .submodule):
      try require(.commit, number, line)
      change = .submodule(try store.objects.object(number).id)
    case (.id(Self.emptyTreeID), .directory):
      change = .object(mode, try store.objects.add(try store.emptyTree()))
    default:
      guard let number = try number(reference) else {
        throw ImportError("\(mode == .directory ? "Tree" : "Blob") not found: \(line.text)")
      }
      try require(mode.kind, number, line)
      change = .object(mode, number)
    }
    try set(components, to: change, in: work.root)
  }

  private func require(_ kind: ObjectKind, _ number: UInt32, _ line: Bytes) throws {
    let actual = try store.objects.kind(of: number)
    guard actual == kind else {
      throw ImportError("Not a \(kind.name) (actually a \(actual.name)): \(line.text)")
    }
  }

  /// Puts something at a path, or in the place of the root.
  private func set(_ path: [[UInt8]], to change: Directory.Change, in root: Directory) throws {
    guard let name = path.last else {
      guard case .object(.directory, let number) = change else {
        throw ImportError("Root cannot be a non-directory")
      }
      return root.replace(by: try store.objects.object(number))
    }
    if case .object(.link, _) = change, PathQuoting.isForbiddenForLinks(name) {
      throw PathQuoting.invalid(Array(path.joined(separator: [Byte.slash])))
    }
    try root.set(path[...], to: change, store)
  }

  /// The id of the tree without entries, which exists everywhere.
  private static let emptyTreeID = ObjectID(
    hex: Array("4b825dc642cb6eb9a060e54bf8d69288fbee4904".utf8))

  private func readInlineBlob() throws -> UInt32 {
    while try next() {
      guard let argument = commands.argument("cat-blob") else { return try readBlobData() }
      try readCatBlob(argument)
    }
    throw ImportError("the stream ends where inline data should come")
  }

  private func copy(_ argument: Bytes, in work: inout WorkTree, isRename: Bool) throws {
    let line = commands.command
    let (source, rest) = try PathQuoting.first(argument, .source, of: line)
    let target = try PathQuoting.components(of: try PathQuoting.last(rest, .dest, of: line))
    let from = try PathQuoting.components(of: source)
    guard let item = try work.root.item(from[...], store) else {
      throw ImportError("Path \(source.text) not in branch")
    }
    if isRename {
      if from.isEmpty {
        work.root = Directory(try store.emptyTree())
      } else {
        try work.root.remove(from[...], store)
      }
    }
    try set(target, to: try Directory.change(to: item, store), in: work.root)
  }

  // MARK: Notes

  private func modifyNote(_ argument: Bytes, in work: inout WorkTree) throws {
    try work.countNotes(store)
    let line = commands.command
    let (reference, target) = try reference(argument, mayBeInline: true)
    let commit: ObjectID
    if let branch = branches.branch(target) {
      guard let number = branch.commit else {
        throw ImportError("Can't add a note on empty branch.")
      }
      commit = try store.objects.object(number).id
    } else {
      commit = try store.objects.object(try self.commit(target)).id
    }
    var note: UInt32?
    switch reference {
    case .inline:
      guard try next() else { throw ImportError("the stream ends where inline data should come") }
      note = try readBlobData()
    case .id(.null): break
    case .id, .mark:
      guard let number = try number(reference) else {
        throw ImportError("Blob not found: \(line.text)")
      }
      try require(.blob, number, line)
      note = number
    }
    try work.setNote(commit, to: note, store)
  }

  // MARK: Questions

  /// - Parameter root: the tree of the commit at hand, if there is one.
  func readList(_ argument: Bytes, in root: Directory?) throws {
    let directory: Directory
    var pathText = argument
    if argument.first == Byte.quote {
      guard let root else { throw ImportError("Not in a commit: \(commands.command.text)") }
      directory = root
    } else {
      let reference: Reference
      (reference, pathText) = try self.reference(
        argument, mayBeInline: false, named: "tree-ish")
      guard let object = try object(reference) else {
        throw ImportError("object not found: \(commands.command.text)")
      }
      directory = Directory(try self.tree(of: object))
    }
    let path = try PathQuoting.last(pathText, .path, of: commands.command)
    let name = PathQuoting.quoteForReply(path) + [Byte.lineFeed]
    guard let item = try directory.item(try PathQuoting.components(of: path)[...], store) else {
      return try reply(Array("missing ".utf8) + name)
    }
    let digits = item.mode.octal
    let mode = String(repeating: "0", count: 6 - digits.utf8.count) + digits
    try reply(Array("\(mode) \(item.mode.kind.name) \(item.id)\t".utf8) + name)
  }

  func readCatBlob(_ argument: Bytes) throws {
    let reference = try lastReference(argument)
    guard let object = try object(reference) else {
      return try reply(argument.map(PathQuoting.lowerCased) + Array(" missing\n".utf8))
    }
    guard object.kind == .blob else {
      throw ImportError("Object \(object.id) is a \(object.kind.name) but a blob was expected.")
    }
    try reply(Array("\(object.id) blob \(object.size)\n".utf8))
    let step: UInt64 = 1 << 20
    for start in stride(from: 0, to: object.size, by: Int(step)) {
      try reply(try store.session.read(object.content, in: start..<start + step))
    }
    try reply([Byte.lineFeed])
  }
}
