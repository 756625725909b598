import CairnChunks
import CairnCore
import SystemPackage

/// The objects of an import: stored in the repository, known by number and id.
///
/// A commit or tag is a chunk: its links are the tree and the parents, or the object with the tag.
/// Its data:
///
///     1 byte    the kind: 1 a commit, 4 a tag; 128 more if the message is a content of its own
///     1 byte    the kind of the first link: 1 a commit, 2 a tree, 3 a blob, 4 a tag
///     20 bytes  the id of the first link
///     1 byte    of a tree or blob, the height of its tree or content; else 0
///     varint    of a tree or blob, the number of entries or the length; else 0
///     varint    of a tree, its length as git writes it; else 0
///     1 byte    the height of that content
///     varint    its length
///     the rest  the object as git writes it, or all of it in front of that message
///
/// The two fields before the last are there with such a message only, whose root is the last link. So
/// export and verification need nothing else, and git's id can be computed again.
final class ObjectStore {
  let session: BlockingSession
  let objects: ObjectTable
  private let hash = ObjectHash()
  private var empty: StoredObject?
  /// By the kinds, in the order of their numbers, which begin with 1.
  private var countsByKind = [ImportReport.Count](repeating: ImportReport.Count(), count: 5)

  init(_ session: BlockingSession, temporaryFolder: FilePath) throws {
    self.session = session
    objects = try ObjectTable(session, temporaryFolder: temporaryFolder)
  }

  private func count(_ kind: ObjectKind, isNew: Bool) {
    let place = Int(kind.rawValue)
    if isNew { countsByKind[place].new += 1 } else { countsByKind[place].duplicates += 1 }
  }

  func count(of kind: ObjectKind) -> ImportReport.Count { countsByKind[Int(kind.rawValue)] }

  // MARK: Blobs

  /// Stores a blob that is in memory, unless it is known; returns its number.
  func addBlob(_ bytes: RawSpan) throws -> UInt32 {
    let (number, isNew) = try objects.addBlob(hash.state.id(of: .blob, bytes), bytes)
    count(.blob, isNew: isNew)
    return number
  }

  /// Stores a blob that comes from the stream, of any length.
  func addBlob(_ stream: StreamReader, byteCount: UInt64) throws -> UInt32 {
    if byteCount <= UInt64(StreamReader.bufferSize) {
      return try stream.withData(Int(byteCount)) { try addBlob($0) }
    }
    hash.state.start(.blob, byteCount: byteCount)
    var data = StreamData(stream, byteCount: byteCount, hash)
    let content: Content
    do {
      content = try session.store(contentsOf: &data)
    } catch {
      throw data.failure ?? error
    }
    let id = hash.state.finish()
    if let known = objects.number(of: id) {
      count(.blob, isNew: false)
      return known
    }
    count(.blob, isNew: true)
    return try objects.add(StoredObject(blob: id, content))
  }

  // MARK: Trees

  func emptyTree() throws -> StoredObject {
    if let empty { return empty }
    let tree = try session.store(sortedEntries: [])
    let object = StoredObject(
      kind: .tree, id: hash.state.id(of: .tree, RawSpan()), chunk: tree.root)
    try objects.add(object)
    empty = object
    return object
  }

  /// Stores the directory that some changes make of another, unless it is known.
  ///
  /// The older one is read once: the nodes that are read to name the new one are at hand to edit them.
  ///
  /// - Parameter edits: entries that are set or removed, in the order of their keys.
  func addTree(_ old: EntryTree, _ edits: [EntryEdit]) throws -> StoredObject {
    var text = TreeText(
      byteCount: try byteCount(of: old, edits), hash)
    var next = edits[...]
    try session.forEachEntry(of: old) { entry in
      while let edit = next.first {
        let order = edit.key.span.bytes.order(to: entry.key)
        if order > 0 { break }
        try text.append(edit)
        next.removeFirst()
        if order == 0 { return true }
      }
      try text.append(key: entry.key, value: entry.value)
      return true
    }
    for edit in next { try text.append(edit) }
    let id = try text.finish()
    // It may be stored in other chunks, as differences from another tree; one way is enough.
    let known = try objects.object(of: id)
    count(.tree, isNew: known == nil)
    if let known { return known }
    let tree = try session.edit(old, edits, deltas: .all)
    let object = StoredObject(
      kind: .tree, id: id, chunk: tree.root, height: tree.height, size: tree.count,
      weight: tree.weight)
    try objects.add(object)
    return object
  }

  /// The length of a directory as git writes it, after some changes.
  private func byteCount(of old: EntryTree, _ edits: [EntryEdit]) throws -> UInt64 {
    // Wrapping: whether the sum is true shows when everything was written.
    var byteCount = old.weight
    for edit in edits {
      try session.forEachEntry(of: old, from: edit.key, to: edit.key + [0]) { entry in
        byteCount &-= entry.weight
        return true
      }
      if case .set(let entry) = edit { byteCount &+= entry.weight }
    }
    return byteCount
  }

  // MARK: Commits and tags

  /// Stores a commit.
  ///
  /// - Parameter header: the object as git writes it, up to the message.
  func addCommit(
    _ header: [UInt8], _ message: Message, tree: UInt32, parents: [UInt32]
  ) throws -> UInt32 {
    try add(.commit, header, message, target: tree, others: parents)
  }

  func addTag(_ header: [UInt8], _ message: Message, target: UInt32) throws -> UInt32 {
    try add(.tag, header, message, target: target, others: [])
  }

  private func add(
    _ kind: ObjectKind, _ header: [UInt8], _ message: Message, target: UInt32, others: [UInt32]
  ) throws -> UInt32 {
    hash.state.start(kind, byteCount: UInt64(header.count) + message.byteCount)
    hash.state.update(header.span.bytes)
    switch message {
    case .held(let bytes): hash.state.update(bytes.span.bytes)
    case .spooled(let spool):
      try spool.withStream { stream, count in
        try stream.forEachPiece(of: count) { hash.state.update($0) }
      }
    }
    let id = hash.state.finish()
    if let known = objects.number(of: id) {
      count(kind, isNew: false)
      return known
    }
    let first = try objects.object(target)
    var links = [first.chunk] + (try others.map { try objects.object($0).chunk })
    var data = BinaryWriter(reserving: header.count + 64)
    switch message {
    case .held(let bytes):
      data.append(kind.rawValue)
      data.append(ObjectReference(first).encoded)
      data.append(header)
      data.append(bytes)
    case .spooled(let spool):
      let content = try store(spool)
      links.append(content.root)
      data.append(kind.rawValue | StoredText.hasContent)
      data.append(ObjectReference(first).encoded)
      data.append(UInt8(content.height))
      data.append(varint: content.byteCount)
      data.append(header)
    }
    let chunk = try session.store(Chunk(links: links, data: data.bytes))
    count(kind, isNew: true)
    return try objects.add(StoredObject(kind: kind, id: id, chunk: chunk, target: target))
  }

  private func store(_ spool: DataSpool) throws -> Content {
    try spool.withStream { stream, count in
      var data = StreamData(stream, byteCount: count, hash)
      do {
        return try session.store(contentsOf: &data)
      } catch {
        throw data.failure ?? error
      }
    }
  }
}

/// How one object says where another is, beside the link to it.
struct ObjectReference {
  let object: StoredObject

  init(_ object: StoredObject) {
    self.object = object
  }

  var encoded: [UInt8] {
    var writer = BinaryWriter()
    writer.append(object.kind.rawValue)
    writer.append(object.id.bytes)
    writer.append(UInt8(object.height))
    writer.append(varint: object.size)
    writer.append(varint: object.weight)
    return writer.bytes
  }

  /// - Returns: the reference, and the bytes that it takes.
  static func decode(
    _ bytes: RawSpan, link: ChunkID
  ) throws -> (object: StoredObject, length: Int) {
    var reader = BinaryReader(bytes)
    guard let kind = ObjectKind(rawValue: try reader.readUInt8()) else {
      throw ImportError("a reference to an object of no kind that git has")
    }
    let id = ObjectID(try reader.readBytes(ObjectID.byteCount))
    let height = Int(try reader.readUInt8())
    let size = try reader.readVarint()
    let weight = try reader.readVarint()
    let object = StoredObject(
      kind: kind, id: id, chunk: link, height: height, size: size, weight: weight)
    return (object, reader.offset)
  }
}

/// A commit or tag as it was stored.
struct StoredText {
  /// The tree of a commit, or the object with the tag.
  let target: StoredObject
  /// The chunks of a commit's parents.
  let parents: [ChunkID]
  /// The object as git writes it, or all of it in front of ``messageContent``.
  private let text: [UInt8]
  /// The message, if it is long.
  let messageContent: Content?

  static let hasContent: UInt8 = 0x80

  init(_ object: StoredObject, _ reader: BlockingReader) throws {
    let chunk = try reader.chunk(object.chunk)
    let hasContent = chunk.data.first == object.kind.rawValue | Self.hasContent
    guard let first = chunk.links.first, hasContent || chunk.data.first == object.kind.rawValue
    else { throw ImportError("the \(object.kind.name) \(object.id) is damaged") }
    let data = chunk.data.span.bytes
    let (target, referenceLength) = try ObjectReference.decode(
      data.extracting(1..<data.byteCount), link: first)
    var length = referenceLength
    var others = chunk.links.dropFirst()
    if hasContent {
      guard let root = others.popLast() else {
        throw ImportError("the \(object.kind.name) \(object.id) has no message")
      }
      var fields = BinaryReader(data.extracting(1 + length..<data.byteCount))
      let height = Int(try fields.readUInt8())
      messageContent = Content(root: root, byteCount: try fields.readVarint(), height: height)
      length += fields.offset
    } else {
      messageContent = nil
    }
    self.target = target
    parents = Array(others)
    text = Array(chunk.data[(1 + length)...])
  }

  /// The values of a field in front of the message, in order: "parent", "author".
  func values(_ field: String) -> [Bytes] {
    var values: [Bytes] = []
    for line in header {
      if let value = line.dropping(field + " ") { values.append(value) }
    }
    return values
  }

  private var headerEnd: Int {
    var position = 0
    while position + 1 < text.count {
      if text[position] == Byte.lineFeed, text[position + 1] == Byte.lineFeed {
        return position + 1
      }
      position += 1
    }
    return text.count
  }

  var header: [Bytes] { text[..<headerEnd].split(separator: Byte.lineFeed) }

  /// The message, if it is not ``messageContent``.
  var message: Bytes { text[min(headerEnd + 1, text.count)...] }

  /// The ids of a commit's parents, null for a merged branch without commits.
  var parentIDs: [ObjectID] { values("parent").compactMap { ObjectID(hex: $0) } }

  /// The ids and chunks of a commit's parents, without those that are null.
  func parentObjects() throws -> [StoredObject] {
    let ids = parentIDs.filter { $0 != .null }
    guard ids.count == parents.count else { throw ImportError("a commit's parents are damaged") }
    return zip(ids, parents).map { StoredObject(kind: .commit, id: $0, chunk: $1) }
  }
}
