import CairnChunks

extension Importer {
  /// The number of an object, which may be in the history that was there before.
  func number(of id: ObjectID) throws -> UInt32? {
    if let known = store.objects.number(of: id) { return known }
    guard !unwalkedRefs.isEmpty else { return nil }
    try walkHistory()
    return store.objects.number(of: id)
  }

  /// Makes everything known that was there before.
  private func walkHistory() throws {
    let refs = unwalkedRefs
    unwalkedRefs = []
    try History.addAll(from: refs, to: store)
  }

  /// The commit that a branch's name, a mark or an expression leads to.
  func commit(_ text: Bytes) throws -> UInt32 {
    if let commit = branches.branch(text)?.commit { return commit }
    let number: UInt32
    if text.first == Byte.colon {
      number = try mark(text)
      guard try store.objects.object(number).kind == .commit else {
        throw ImportError("Mark \(text.text) not a commit")
      }
    } else {
      number = try peel(try revision(text), to: .commit, text)
    }
    return number
  }

  /// The object of an expression: an id, the first digits of one, or a ref, and then "^2", "~3",
  /// "^{tree}", or ":path" at the end.
  ///
  /// A ref is what was published last, not what became of it in this stream since: "main^0" is how
  /// a stream says "main as it was".
  func revision(_ text: Bytes) throws -> UInt32 {
    if text.first == Byte.colon { return try mark(text) }
    if let colon = text.firstIndex(of: Byte.colon) {
      let tree = try store.objects.object(
        try peel(try revision(text[..<colon]), to: .tree, text))
      let path = Array(text[(colon + 1)...])
      let components = try PathQuoting.components(of: path)
      guard let object = try Directory(tree).item(components[...], store)?.object else {
        throw Self.invalid(text)
      }
      return try store.objects.add(object)
    }
    let isSuffix = { (byte: UInt8) in byte == UInt8(ascii: "^") || byte == UInt8(ascii: "~") }
    let nameEnd = text.firstIndex(where: isSuffix) ?? text.endIndex
    var number = try named(text[..<nameEnd], in: text)
    var rest = text[nameEnd...]
    while let sign = rest.popFirst() {
      if sign == UInt8(ascii: "^"), rest.first == UInt8(ascii: "{") {
        guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else { throw Self.invalid(text) }
        let kinds: [String: ObjectKind] = ["commit": .commit, "tree": .tree, "blob": .blob]
        let word = rest[(rest.startIndex + 1)..<end].text
        if word.isEmpty {
          number = try peelTags(number)
        } else if word == "tag" {
          guard try store.objects.object(number).kind == .tag else { throw Self.invalid(text) }
        } else if word == "object" {
          // Whatever it is.
        } else if let kind = kinds[word] {
          number = try peel(number, to: kind, text)
        } else {
          throw Self.invalid(text)
        }
        rest = rest[(end + 1)...]
        continue
      }
      let digits = rest.leadingDigits
      rest = rest[digits.endIndex...]
      let count = digits.isEmpty ? 1 : digits.decimal
      guard isSuffix(sign), let count else { throw Self.invalid(text) }
      number = try peel(number, to: .commit, text)
      if sign == UInt8(ascii: "~") {
        for _ in 0..<count { number = try parent(1, of: number, text) }
      } else if count > 0 {
        number = try parent(count, of: number, text)
      }
    }
    return number
  }

  private static func invalid(_ text: Bytes) -> ImportError {
    ImportError("Invalid ref name or SHA1 expression: \(text.text)")
  }

  private func named(_ name: Bytes, in text: Bytes) throws -> UInt32 {
    if let id = ObjectID(hex: name) {
      guard let number = try number(of: id) else {
        throw ImportError("Not a valid object: \(text.text)")
      }
      return number
    }
    for (prefix, suffix) in [
      ("", ""), ("refs/", ""), ("refs/tags/", ""), ("refs/heads/", ""), ("refs/remotes/", ""),
      ("refs/remotes/", "/HEAD"),
    ] {
      let ref = Array(prefix.utf8) + name + Array(suffix.utf8)
      if let number = branches.published(ref) { return number }
    }
    return try number(ofFirstDigits: name, in: text)
  }

  /// Looks through all objects, which takes time.
  private func number(ofFirstDigits name: Bytes, in text: Bytes) throws -> UInt32 {
    guard (4..<ObjectID.byteCount * 2).contains(name.count),
      name.allSatisfy({ ObjectID.value(ofHexDigit: $0) != nil })
    else { throw Self.invalid(text) }
    try walkHistory()
    let digits = name.map(PathQuoting.lowerCased)
    var found: [UInt32] = []
    try store.objects.forEach { number, object in
      if object.id.hex.starts(with: digits) { found.append(number) }
    }
    guard found.count <= 1 else { throw ImportError("short object ID \(name.text) is ambiguous") }
    guard let number = found.first else { throw Self.invalid(text) }
    return number
  }

  private func parent(_ position: UInt64, of number: UInt32, _ text: Bytes) throws -> UInt32 {
    let stored = try StoredText(try store.objects.object(number), store.session)
    let parents = try stored.parentObjects()
    guard position <= parents.count,
      let parent = try self.number(of: parents[Int(position) - 1].id)
    else { throw Self.invalid(text) }
    return parent
  }

  private func peelTags(_ number: UInt32) throws -> UInt32 {
    var number = number
    while true {
      let object = try store.objects.object(number)
      guard object.kind == .tag else { return number }
      number = object.target
    }
  }

  private func peel(_ number: UInt32, to kind: ObjectKind, _ text: Bytes) throws -> UInt32 {
    let peeled = try peelTags(number)
    let object = try store.objects.object(peeled)
    if object.kind == kind { return peeled }
    if object.kind == .commit, kind == .tree { return object.target }
    throw ImportError("Not a valid \(kind.name): \(text.text)")
  }

  func tree(of object: StoredObject) throws -> StoredObject {
    switch object.kind {
    case .tree: return object
    case .commit, .tag: return try tree(of: try store.objects.object(object.target))
    case .blob: throw ImportError("Not a tree-ish: \(commands.command.text)")
    }
  }

  /// Whether a commit is in the history of another.
  func contains(_ old: UInt32, from new: UInt32) throws -> Bool {
    let old = try peelTags(old)
    var seen: Set<UInt32> = [new]
    var waiting = [new]
    while let number = waiting.popLast() {
      if number == old { return true }
      let object = try store.objects.object(number)
      guard object.kind == .commit else { continue }
      for parent in try StoredText(object, store.session).parentObjects() {
        guard let next = try self.number(of: parent.id) else { continue }
        if seen.insert(next).inserted { waiting.append(next) }
      }
    }
    return false
  }
}
