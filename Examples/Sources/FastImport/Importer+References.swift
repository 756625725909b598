import CairnChunks

/// How commands name objects: by a mark, or by the whole id.
extension Importer {
  enum Reference {
    /// The data comes with the next command.
    case inline
    /// The number of the object that has the mark.
    case mark(UInt32)
    case id(ObjectID)
  }

  /// The object at the front of a command's argument, and what is behind the space after it.
  ///
  /// - Parameters:
  ///   - mode: of a submodule, ids are replaced by those that the options say.
  ///   - name: what messages call an id.
  func reference(
    _ text: Bytes, mayBeInline: Bool, as mode: Mode = .regular, named name: String = "SHA1"
  ) throws -> (Reference, rest: Bytes) {
    let line = commands.command.text
    if text.first == Byte.colon {
      let (number, rest) = try mark(atFrontOf: text)
      guard rest.first == Byte.space else { throw ImportError("Missing space after mark: \(line)") }
      return (.mark(number), rest.dropFirst())
    }
    if mayBeInline, let rest = text.dropping("inline ") { return (.inline, rest) }
    let digits = text.prefix { ObjectID.value(ofHexDigit: $0) != nil }
    // In the streams of a repository that uses SHA-256, ids are longer.
    var end = text.startIndex + ObjectID.byteCount * 2
    var id = ObjectID(hex: digits.prefix(ObjectID.byteCount * 2))
    if mode == .submodule, !rewrittenSubmodules.isEmpty,
      let other = rewrittenSubmodules[digits.map(PathQuoting.lowerCased)]
    {
      id = other
      end = digits.endIndex
    }
    guard let id else { throw ImportError("Invalid dataref: \(line)") }
    guard text[end...].first == Byte.space else {
      throw ImportError("Missing space after \(name): \(line)")
    }
    return (.id(id), text[(end + 1)...])
  }

  /// The object that a command's argument is.
  func lastReference(_ text: Bytes) throws -> Reference {
    if text.first == Byte.colon { return .mark(try mark(text)) }
    guard let id = ObjectID(hex: text.prefix(ObjectID.byteCount * 2)) else {
      throw ImportError("Invalid dataref: \(commands.command.text)")
    }
    guard text.count == ObjectID.byteCount * 2 else {
      throw ImportError("Garbage after SHA1: \(commands.command.text)")
    }
    return .id(id)
  }

  /// The object that is meant; `nil` if no object of that id is known.
  ///
  /// - Precondition: it is not inline.
  func object(_ reference: Reference) throws -> StoredObject? {
    try number(reference).map { try store.objects.object($0) }
  }

  /// The number of the object that is meant; `nil` if no object of that id is known.
  ///
  /// - Precondition: it is not inline.
  func number(_ reference: Reference) throws -> UInt32? {
    switch reference {
    case .inline: preconditionFailure("inline data is read by whoever expects it")
    case .mark(let number): number
    case .id(let id): try number(of: id)
    }
  }

  /// The object of a mark ":1" that is the rest of the command.
  func mark(_ text: Bytes) throws -> UInt32 {
    let (number, rest) = try mark(atFrontOf: text)
    guard rest.isEmpty else {
      throw ImportError("Garbage after mark: \(commands.command.text)")
    }
    return number
  }

  private func mark(atFrontOf text: Bytes) throws -> (UInt32, rest: Bytes) {
    let digits = text.dropFirst().leadingDigits
    guard !digits.isEmpty else {
      throw ImportError("No value after ':' in mark: \(commands.command.text)")
    }
    guard let mark = digits.decimal, let number = marks[mark] else {
      throw ImportError("mark :\(digits.text) not declared")
    }
    return (number, text[digits.endIndex...])
  }
}
