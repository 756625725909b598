import CairnChunks

extension Importer {
  func readCommit(_ name: [UInt8]) throws {
    if branches[name] == nil {
      try requireValid(name)
      branches[name] = Branch()
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
    let message = try commands.message()
    _ = try next()
    try readFrom(name)
    var parents = branches[name]?.commit.map { [$0] } ?? []
    let tree = try parents.first.map { try self.tree(ofCommit: $0) } ?? store.emptyTree()
    while let from = commands.argument("merge") {
      parents.append(try commit(from))
      _ = try next()
    }

    var work = WorkTree(
      Directory(tree), noteCount: branches[name]?.noteCount ?? 0, changeLimit: options.changeLimit)
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
      text += Array("parent \(try store.objects.object(parent).id)\n".utf8)
    }
    text += Array("author ".utf8) + (author ?? committer) + [Byte.lineFeed]
    text += Array("committer ".utf8) + committer + [Byte.lineFeed]
    if let encoding { text += Array("encoding ".utf8) + encoding + [Byte.lineFeed] }
    text += signatures
    text.append(Byte.lineFeed)
    let number = try store.addCommit(text + message, tree: rootNumber, parents: parents)
    branches[name]?.commit = number
    branches[name]?.noteCount = work.noteCount
    setMark(mark, to: number)
  }

  /// The header fields of the signatures that come next, each as git folds it: every line but the
  /// first begins with a space.
  private func readSignatures() throws -> [UInt8] {
    var fields: [UInt8] = []
    while let argument = commands.argument("gpgsig") {
      let words = argument.split(separator: Byte.space, omittingEmptySubsequences: false)
      guard words.count == 2, words[0].equals("sha1") || words[0].equals("sha256") else {
        throw ImportError("a signature is announced by its hash and its format: \(argument.text)")
      }
      _ = try next()
      var signature = try commands.message()[...]
      if signature.last == Byte.lineFeed { signature.removeLast() }
      fields += Array((words[0].equals("sha1") ? "gpgsig" : "gpgsig-sha256").utf8)
      for line in signature.split(separator: Byte.lineFeed, omittingEmptySubsequences: false) {
        fields += [Byte.space] + line + [Byte.lineFeed]
      }
      _ = try next()
    }
    return fields
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
      let path = try wholePath(argument)
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

  /// A path that is the rest of the command, quoted or not.
  private func wholePath(_ text: Bytes) throws -> [UInt8] {
    guard text.first == Byte.quote else { return Array(text) }
    guard let (path, rest) = PathQuoting.unquote(text) else {
      throw ImportError("Invalid path: \(commands.command.text)")
    }
    guard rest.isEmpty else {
      throw ImportError("Garbage after path in: \(commands.command.text)")
    }
    return path
  }

  /// The word at the front, and what is behind the space after it.
  private func firstWord(_ text: Bytes, _ missing: String) throws -> (word: Bytes, rest: Bytes) {
    guard let space = text.firstIndex(of: Byte.space) else {
      throw ImportError("Missing space after \(missing): \(commands.command.text)")
    }
    return (text[..<space], text[(space + 1)...])
  }

  private func modify(_ argument: Bytes, in work: borrowing WorkTree) throws {
    let (modeText, behindMode) = try firstWord(argument, "mode")
    guard let mode = Mode(modeText) else {
      throw ImportError("Corrupt mode: \(commands.command.text)")
    }
    let (reference, pathText) = try firstWord(behindMode, "SHA1")
    let path = try wholePath(pathText)
    let components = path.isEmpty ? [] : try PathQuoting.components(of: path)
    let line = commands.command.text
    let item: TreeItem
    if reference.equals("inline") {
      guard mode != .submodule else {
        throw ImportError("Git links cannot be specified 'inline': \(line)")
      }
      guard mode != .directory else {
        throw ImportError("Directories cannot be specified 'inline': \(line)")
      }
      item = TreeItem(mode, try store.objects.object(try readInlineBlob()))
    } else if mode == .submodule {
      item = TreeItem(submodule: try submodule(reference))
    } else if mode == .directory, ObjectID(hex: reference) == Self.emptyTreeID {
      item = TreeItem(mode, try store.emptyTree())
    } else {
      guard let object = try dataReference(reference) else {
        throw ImportError("\(mode == .directory ? "Tree" : "Blob") not found: \(line)")
      }
      guard object.kind == mode.kind else {
        throw ImportError(
          "Not a \(mode.kind.name) (actually a \(object.kind.name)): \(line)")
      }
      item = TreeItem(mode, object)
    }
    guard components.isEmpty else { return try work.root.set(components[...], to: item, store) }
    guard mode == .directory, let object = item.object else {
      throw ImportError("Root cannot be a non-directory")
    }
    work.root.replace(by: object)
  }

  /// The id of the tree without entries, which exists everywhere.
  private static let emptyTreeID = ObjectID(
    hex: Array("4b825dc642cb6eb9a060e54bf8d69288fbee4904".utf8))

  /// The commit of a submodule; it need not be known, for it is in another repository.
  private func submodule(_ reference: Bytes) throws -> ObjectID {
    if reference.first == Byte.colon {
      let object = try store.objects.object(try mark(reference))
      guard object.kind == .commit else {
        throw ImportError(
          "Not a commit (actually a \(object.kind.name)): \(commands.command.text)")
      }
      return object.id
    }
    guard let id = ObjectID(hex: reference) else {
      throw ImportError("Invalid dataref: \(commands.command.text)")
    }
    return rewrittenSubmodules[id] ?? id
  }

  /// The object of a mark or an id; `nil` if the id is of none that is known.
  private func dataReference(_ reference: Bytes) throws -> StoredObject? {
    if reference.first == Byte.colon { return try store.objects.object(try mark(reference)) }
    guard let id = ObjectID(hex: reference) else {
      throw ImportError("Invalid dataref: \(commands.command.text)")
    }
    return try number(of: id).map { try store.objects.object($0) }
  }

  private func readInlineBlob() throws -> UInt32 {
    while try next() {
      guard let argument = commands.argument("cat-blob") else { return try readBlobData() }
      try readCatBlob(argument)
    }
    throw ImportError("the stream ends where inline data should come")
  }

  private func copy(_ argument: Bytes, in work: inout WorkTree, isRename: Bool) throws {
    let line = commands.command.text
    let source: [UInt8]
    let behind: Bytes
    if argument.first == Byte.quote {
      guard let (path, rest) = PathQuoting.unquote(argument) else {
        throw ImportError("Invalid path: \(line)")
      }
      guard rest.first == Byte.space else {
        throw ImportError("Missing space after source: \(line)")
      }
      source = path
      behind = rest.dropFirst()
    } else {
      let (word, rest) = try firstWord(argument, "source")
      source = Array(word)
      behind = rest
    }
    guard !behind.isEmpty else { throw ImportError("Missing dest: \(line)") }
    let target = try wholePath(behind)
    let from = source.isEmpty ? [] : try PathQuoting.components(of: source)
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
    guard target.isEmpty else {
      return try work.root.set(try PathQuoting.components(of: target)[...], to: item, store)
    }
    guard item.mode == .directory, let object = item.object else {
      throw ImportError("Root cannot be a non-directory")
    }
    work.root = Directory(object)
  }

  // MARK: Notes

  private func modifyNote(_ argument: Bytes, in work: inout WorkTree) throws {
    try work.countNotes(store)
    let (reference, target) = try firstWord(argument, "SHA1")
    let line = commands.command.text
    let commit: ObjectID
    if let branch = branches[Array(target)] {
      guard let number = branch.commit else {
        throw ImportError("Can't add a note on empty branch.")
      }
      commit = try store.objects.object(number).id
    } else {
      commit = try store.objects.object(try self.commit(target)).id
    }
    var note: StoredObject?
    if reference.equals("inline") {
      guard try next() else { throw ImportError("the stream ends where inline data should come") }
      note = try store.objects.object(try readBlobData())
    } else if ObjectID(hex: reference) != .null {
      guard let object = try dataReference(reference) else {
        throw ImportError("Blob not found: \(line)")
      }
      guard object.kind == .blob else {
        throw ImportError("Not a blob (actually a \(object.kind.name)): \(line)")
      }
      note = object
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
      let (reference, rest) = try firstWord(argument, "tree-ish")
      guard let object = try dataReference(reference) else {
        throw ImportError("object not found: \(reference.text)")
      }
      directory = Directory(try self.tree(of: object))
      pathText = rest
    }
    let path = try wholePath(pathText)
    let components = path.isEmpty ? [] : try PathQuoting.components(of: path)
    let name = PathQuoting.quote(path) + [Byte.lineFeed]
    guard let item = try directory.item(components[...], store) else {
      return try reply(Array("missing ".utf8) + name)
    }
    let digits = item.mode.octal
    let mode = String(repeating: "0", count: 6 - digits.utf8.count) + digits
    try reply(Array("\(mode) \(item.mode.kind.name) \(item.id)\t".utf8) + name)
  }

  func readCatBlob(_ argument: Bytes) throws {
    guard let object = try dataReference(argument) else {
      return try reply(Array(argument) + Array(" missing\n".utf8))
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
