public import CairnChunks
import CairnCore
import CairnIntern
public import SystemPackage

/// Writes a stored history as a fast-import stream, which git imports to the same ids.
///
/// A commit's deletions come before everything else that it does, or a file that becomes a directory
/// would be deleted after the files in it were written.
///
/// Memory: 28 bytes for each blob, commit and tag, some 200 bytes for each commit on the longest way
/// from a ref to a commit without parents, and a buffer.
public final class Exporter {
  private let reader: BlockingReader
  private let output: FileDescriptor
  private var buffer: [UInt8] = []
  /// The mark of each object that was written, beginning with 1.
  private var marks: DigestTable
  private var lastMark: UInt32 = 0
  /// A branch that gets no commit, once there was need of one.
  private var emptyBranch: [UInt8]?
  private var refNames: Set<[UInt8]> = []

  private static let bufferSize = 256 << 10

  public init(_ reader: BlockingReader, to output: FileDescriptor) throws {
    self.reader = reader
    self.output = output
    marks = try DigestTable(digestLength: ObjectID.byteCount)
  }

  /// Writes a snapshot.
  ///
  /// - Parameters:
  ///   - names: the refs to be written; all if it is empty.
  /// - Throws: ``ImportError`` if one of them is not there, or leads to what no stream can hold.
  public func export(_ snapshot: ChunkID, refs names: [[UInt8]] = []) throws {
    var refs = try RefTable.load(snapshot, reader)
    for name in names where !refs.contains(where: { $0.name == name }) {
      throw ImportError("the snapshot has no ref \(name.text)")
    }
    if !names.isEmpty { refs.removeAll { !names.contains($0.name) } }
    refNames = Set(refs.map(\.name))
    // Dates that were imported without a check are not checked again.
    try write("feature done\nfeature date-format=raw-permissive\n")
    for ref in refs { try writeHistory(of: ref.object, as: ref.name) }
    for ref in refs {
      switch ref.object.kind {
      case .tag: break
      case .commit:
        try write("reset ")
        try write(ref.name)
        try write("\nfrom :\(try mark(of: ref.object))\n\n")
      case .tree, .blob:
        throw ImportError(
          "\(ref.name.text) leads to a \(ref.object.kind.name), which no stream can say")
      }
    }
    for ref in refs where ref.object.kind == .tag { try writeInnerTags(of: ref.object) }
    for ref in refs where ref.object.kind == .tag { try writeTag(ref.object) }
    try write("done\n")
    try flush()
  }

  // MARK: Objects

  private func mark(of object: StoredObject) throws -> UInt32 {
    guard let mark = marks.value(for: object.id.bytes.span.bytes) else {
      preconditionFailure("an object is written before what leads to it")
    }
    return mark
  }

  private func isWritten(_ object: StoredObject) -> Bool {
    marks.value(for: object.id.bytes.span.bytes) != nil
  }

  private func writeMark(_ object: StoredObject) throws {
    lastMark += 1
    try marks.updateValue(lastMark, for: object.id.bytes.span.bytes)
    try write("mark :\(lastMark)\noriginal-oid \(object.id)\n")
  }

  /// Writes the commits that lead to an object, those first that others build on.
  private func writeHistory(of object: StoredObject, as ref: [UInt8]) throws {
    var object = object
    while object.kind == .tag { object = try StoredText(object, reader).target }
    switch object.kind {
    case .blob: return try writeBlob(object)
    case .tree, .tag: return
    case .commit: break
    }
    // Each with the parents that were not looked at yet: no recursion, for histories are long.
    var path: [(commit: StoredObject, parents: [StoredObject])] = []
    func enter(_ commit: StoredObject) throws {
      guard !isWritten(commit) else { return }
      path.append((commit, try StoredText(commit, reader).parentObjects().reversed()))
    }
    try enter(object)
    while let last = path.indices.last {
      if let parent = path[last].parents.popLast() {
        try enter(parent)
      } else {
        let commit = path.removeLast().commit
        if !isWritten(commit) { try writeCommit(commit, as: ref) }
      }
    }
  }

  private func writeCommit(_ commit: StoredObject, as ref: [UInt8]) throws {
    let text = try StoredText(commit, reader)
    var parents = try text.parentObjects()[...]
    let ids = text.parentIDs
    let first = ids.first == .null ? nil : parents.first
    let old = try first.map { try StoredText($0, reader).target }
    if ids.contains(.null) { try writeEmptyBranch() }
    try forEachChange(from: old, to: text.target, at: []) { _, item in
      if let item, item.mode != .submodule, let blob = item.object { try writeBlob(blob) }
    }
    // Else the commit would follow the one that the ref has.
    if first == nil {
      try write("reset ")
      try write(ref)
      try write("\n")
    }
    try write("commit ")
    try write(ref)
    try write("\n")
    try writeMark(commit)
    try writeHeader(of: text)
    try writeMessage(of: text)
    for (position, id) in ids.enumerated() {
      guard id != .null, let parent = parents.popFirst() else {
        try write("merge ")
        try write(emptyBranch ?? [])
        try write("\n")
        continue
      }
      try write("\(position == 0 ? "from" : "merge") :\(try mark(of: parent))\n")
    }
    try forEachChange(from: old, to: text.target, at: []) { path, item in
      guard item == nil else { return }
      try write("D ")
      try write(PathQuoting.quote(path))
      try write("\n")
    }
    try forEachChange(from: old, to: text.target, at: []) { path, item in
      guard let item else { return }
      let target: String
      if item.mode == .submodule {
        target = "\(item.id)"
      } else {
        target = ":\(try mark(of: try item.object.orThrow("a file without content")))"
      }
      try write("M \(item.mode.octal) \(target) ")
      try write(PathQuoting.quote(path))
      try write("\n")
    }
    try write("\n")
  }

  /// Makes the branch that stands for the parent of no id.
  private func writeEmptyBranch() throws {
    guard emptyBranch == nil else { return }
    var name = Array("refs/heads/empty".utf8)
    while refNames.contains(name) { name.append(UInt8(ascii: "-")) }
    emptyBranch = name
    try write("reset ")
    try write(name)
    try write("\n\n")
  }

  /// Writes the fields of a commit in the order in which a stream has them.
  private func writeHeader(of text: StoredText) throws {
    var signature: [UInt8]?
    var encoding: Bytes?
    func finishSignature() throws {
      guard let lines = signature else { return }
      signature = nil
      let space = lines.firstIndex(of: Byte.space) ?? lines.endIndex
      let hash = lines[..<space].equals("gpgsig") ? "sha1" : "sha256"
      let body = lines[min(space + 1, lines.count)...]
      let format =
        body.starts(with: "-----BEGIN SSH".utf8)
        ? "ssh"
        : body.starts(with: "-----BEGIN SIGNED".utf8)
          ? "x509" : body.starts(with: "-----BEGIN PGP".utf8) ? "openpgp" : "unknown"
      try write("gpgsig \(hash) \(format)\n")
      // The line feed behind the last line is not part of it.
      try writeData(body)
    }
    for line in text.header {
      if signature != nil, line.first == Byte.space {
        signature = (signature ?? []) + [Byte.lineFeed] + line.dropFirst()
        continue
      }
      try finishSignature()
      if line.dropping("tree ") != nil || line.dropping("parent ") != nil { continue }
      if line.dropping("gpgsig") != nil {
        signature = Array(line)
      } else if line.dropping("encoding ") != nil {
        encoding = line
      } else {
        try write(Array(line))
        try write("\n")
      }
    }
    try finishSignature()
    if let encoding {
      try write(Array(encoding))
      try write("\n")
    }
  }

  private func writeBlob(_ blob: StoredObject) throws {
    guard !isWritten(blob) else { return }
    try write("blob\n")
    try writeMark(blob)
    try writeData(blob.content)
  }

  private func writeMessage(of text: StoredText) throws {
    if let content = text.messageContent {
      try writeData(content)
    } else {
      try writeData(text.message)
    }
  }

  private func writeData(_ content: Content) throws {
    try write("data \(content.byteCount)\n")
    var writer = BufferedWriter(write: { try self.write($0) })
    do {
      try reader.read(content, to: &writer)
    } catch {
      throw writer.failure ?? error
    }
    try write("\n")
  }

  /// Writes the tags that a tag leads to, those first that others build on. A stream makes a ref of
  /// each tag, so each is taken back: they need not be refs, and may share their names with others.
  private func writeInnerTags(of tag: StoredObject) throws {
    var inner: [StoredObject] = []
    var target = try StoredText(tag, reader).target
    while target.kind == .tag, !isWritten(target) {
      inner.append(target)
      target = try StoredText(target, reader).target
    }
    for tag in inner.reversed() {
      let name = try writeTag(tag)
      try write("reset refs/tags/")
      try write(name)
      try write("\nfrom \(ObjectID.null)\n\n")
    }
  }

  /// - Returns: the name that the tag has.
  @discardableResult
  private func writeTag(_ tag: StoredObject) throws -> [UInt8] {
    let text = try StoredText(tag, reader)
    guard let name = text.values("tag").first.map(Array.init) else {
      throw ImportError("the tag \(tag.id) has no name")
    }
    try write("tag ")
    try write(name)
    try write("\n")
    lastMark += 1
    try marks.updateValue(lastMark, for: tag.id.bytes.span.bytes)
    try write("mark :\(lastMark)\n")
    if text.target.kind == .tree {
      try write("from \(text.target.id)\n")
    } else {
      try write("from :\(try mark(of: text.target))\n")
    }
    try write("original-oid \(tag.id)\n")
    if let tagger = text.values("tagger").first {
      try write("tagger ")
      try write(Array(tagger))
      try write("\n")
    }
    try writeMessage(of: text)
    return name
  }

  // MARK: Changes

  /// Calls `body` with the path of everything that is not the same in two directories, and what it
  /// is now; `nil` if it is gone. A directory that is gone is named as a whole; what was added is
  /// named file by file.
  private func forEachChange(
    from old: StoredObject?, to new: StoredObject, at path: [UInt8], depth: Int = 1,
    _ body: ([UInt8], TreeItem?) throws -> Void
  ) throws {
    guard let old else { return try forEachFile(of: new, at: path, depth, body) }
    guard depth <= PathQuoting.maximumDepth else { throw PathQuoting.tooDeep() }
    if old.id == new.id { return }
    try reader.forEachDifference(from: old.tree, to: new.tree) { old, new in
      guard let name = (new ?? old)?.name else { return }
      let place = path.isEmpty ? name : path + [Byte.slash] + name
      let before = try old.map { try TreeItem($0) }
      guard let item = try new.map({ try TreeItem($0) }) else { return try body(place, nil) }
      guard item.mode == .directory, let directory = item.object else {
        return try body(place, item)
      }
      try forEachChange(
        from: before?.object, to: directory, at: place, depth: depth + 1, body)
    }
  }

  private func forEachFile(
    of directory: StoredObject, at path: [UInt8], _ depth: Int,
    _ body: ([UInt8], TreeItem?) throws -> Void
  ) throws {
    guard depth <= PathQuoting.maximumDepth else { throw PathQuoting.tooDeep() }
    try reader.forEachEntry(of: directory.tree) { entry in
      let entry = entry.entry
      let place = path.isEmpty ? entry.name : path + [Byte.slash] + entry.name
      let item = try TreeItem(entry)
      if item.mode == .directory, let directory = item.object {
        try forEachFile(of: directory, at: place, depth + 1, body)
      } else {
        try body(place, item)
      }
      return true
    }
  }

  // MARK: Output

  private func write(_ text: String) throws { try write(Array(text.utf8)) }

  private func write(_ bytes: [UInt8]) throws {
    buffer += bytes
    if buffer.count >= Self.bufferSize { try flush() }
  }

  private func write(_ bytes: RawSpan) throws {
    bytes.withUnsafeBytes { buffer.append(contentsOf: $0) }
    if buffer.count >= Self.bufferSize { try flush() }
  }

  private func writeData(_ data: some Collection<UInt8>) throws {
    try write("data \(data.count)\n")
    try write(Array(data))
    try write("\n")
  }

  private func flush() throws {
    do {
      try output.writeAll(buffer)
    } catch {
      throw ImportError("cannot write the stream: \(error)")
    }
    buffer.removeAll(keepingCapacity: true)
  }
}

/// Hands what is written to a closure, and keeps what went wrong there.
private struct BufferedWriter: ByteWriter {
  let write: (RawSpan) throws -> Void
  private(set) var failure: (any Error)?

  init(write: @escaping (RawSpan) throws -> Void) {
    self.write = write
  }

  mutating func write(_ bytes: RawSpan) throws(IOError) {
    do {
      try write(bytes)
    } catch {
      failure = error
      throw IOError(.systemCall, operation: "write", subject: "the stream", detail: "\(error)")
    }
  }
}

extension Optional {
  fileprivate func orThrow(_ what: String) throws -> Wrapped {
    guard let self else { throw ImportError("the history is damaged: \(what)") }
    return self
  }
}
