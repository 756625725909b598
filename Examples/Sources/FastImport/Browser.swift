public import CairnChunks
public import CairnCore

/// Shows what is in a stored history.
public struct Browser {
  private let reader: BlockingReader
  private let snapshot: ChunkID

  public init(_ reader: BlockingReader, snapshot: ChunkID) {
    self.reader = reader
    self.snapshot = snapshot
  }

  /// The refs, each with the id and the kind of what it leads to.
  public func refs() throws -> [(name: [UInt8], id: ObjectID, kind: ObjectKind)] {
    try RefTable.load(snapshot, reader).map { ($0.name, $0.object.id, $0.object.kind) }
  }

  /// A commit as a person sees it.
  public struct Commit: Sendable {
    public let id: ObjectID
    public let parents: [ObjectID]
    /// "Name <mail> seconds offset".
    public let author: [UInt8]
    /// Of a very long one, the first 64 KiB.
    public let message: [UInt8]
  }

  /// The commits that lead to a ref, along the first parents, the newest first, until `body` returns
  /// `false`.
  public func log(_ ref: [UInt8], _ body: (Commit) throws -> Bool) throws {
    var next: StoredObject? = try commit(ref)
    while let commit = next {
      let text = try StoredText(commit, reader)
      let parents = try text.parentObjects()
      let goesOn = try body(
        Commit(
          id: commit.id, parents: parents.map(\.id),
          author: Array(text.values("author").first ?? []),
          message: try text.messageContent.map { try reader.read($0, in: 0..<64 << 10) }
            ?? Array(text.message)))
      next = goesOn ? parents.first : nil
    }
  }

  /// What is in a directory of a ref's tree, in git's order.
  public func list(
    _ ref: [UInt8], path: [UInt8],
    _ body: (_ mode: String, _ kind: ObjectKind, ObjectID, _ name: [UInt8]) throws -> Void
  ) throws {
    guard let item = try item(ref, path) else { throw Self.missing(ref, path) }
    guard item.mode == .directory, let directory = item.object else {
      return try body(item.mode.octal, item.mode.kind, item.id, path)
    }
    try reader.forEachEntry(of: directory.tree) { entry in
      let entry = entry.entry
      let item = try TreeItem(entry)
      try body(item.mode.octal, item.mode.kind, item.id, entry.name)
      return true
    }
  }

  /// Writes the content of a file in a ref's tree.
  public func cat(_ ref: [UInt8], path: [UInt8], to writer: inout some ByteWriter) throws {
    guard let item = try item(ref, path) else { throw Self.missing(ref, path) }
    guard item.mode.kind == .blob, let object = item.object else {
      throw ImportError("\(path.text) is a \(item.mode.kind.name) and has no content")
    }
    try reader.read(object.content, to: &writer)
  }

  private static func missing(_ ref: [UInt8], _ path: [UInt8]) -> ImportError {
    ImportError("there is no \(path.text) in \(ref.text)")
  }

  private func commit(_ ref: [UInt8]) throws -> StoredObject {
    let refs = try RefTable.load(snapshot, reader)
    for prefix in ["", "refs/", "refs/tags/", "refs/heads/"] {
      let name = Array(prefix.utf8) + ref
      guard var object = refs.first(where: { $0.name == name })?.object else { continue }
      while object.kind == .tag { object = try StoredText(object, reader).target }
      guard object.kind == .commit else {
        throw ImportError("\(ref.text) leads to a \(object.kind.name), not to a commit")
      }
      return object
    }
    throw ImportError("the snapshot has no ref \(ref.text)")
  }

  private func item(_ ref: [UInt8], _ path: [UInt8]) throws -> TreeItem? {
    let root = try StoredText(try commit(ref), reader).target
    var item: TreeItem? = TreeItem(.directory, root)
    for name in path.isEmpty ? [] : try PathQuoting.components(of: path) {
      guard let found = item, found.mode == .directory, let directory = found.object else {
        return nil
      }
      let entry =
        try reader.entry(TreeItem.key(name, isDirectory: true), in: directory.tree)
        ?? reader.entry(name, in: directory.tree)
      item = try entry.map { try TreeItem($0) }
    }
    return item
  }
}
