import CairnChunks
import CairnCore

/// Some consecutive files of a restore on their way through a worker.
struct RestoreBatch: Sendable {
  /// Whether a name shares its file with others.
  enum Role {
    case single
    /// The first name of a file with several: the others become links to it.
    case first
    case link
  }

  struct Item: Sendable {
    let entry: SnapshotEntry
    let name: [UInt8]
    /// Held until the file is done.
    let directory: RestoredDirectory
    let content: FileContent
    let role: Role

    /// What is to be read for it, as far as is known before.
    var stream: Content? {
      guard role != .link, case .stream(let stream) = content else { return nil }
      return stream
    }
  }

  struct Outcome: Sendable {
    var files: Int64 = 0
    var bytes: Int64 = 0
    var problems: [(path: String, error: IOError)] = []
    /// The names of files with several, in order. Links are not made yet, and hold their
    /// directories.
    var linked: [(item: Item, isRestored: Bool)] = []
  }

  private(set) var items: [Item] = []
  /// The bytes of content, and those that the entries take.
  private var byteCount: UInt64 = 0

  /// What keeps the parts of packs that the files need.
  private var readsAhead: [ReadAhead] = []

  /// Chunks that follow one another are written together, up to this many bytes at once.
  private static let writeSize = 256 << 10

  var isFull: Bool { items.count >= 128 || byteCount >= 2 << 20 }

  mutating func append(_ item: Item) {
    items.append(item)
    byteCount += UInt64(item.entry.key.count)
    if item.role != .link { byteCount += item.content.byteCount }
  }

  /// Asks for the chunks at the top of the files: all that a short one has.
  mutating func readTopsAhead(in repository: Repository) {
    let tops = items.lazy.compactMap { item in item.stream?.root }
    if let readAhead = repository.readAhead(tops) { readsAhead.append(readAhead) }
  }

  /// Asks for what is below the chunks at the top, which must have been asked for; who restores a file
  /// meets again what cannot be read of it here.
  mutating func readLeavesAhead(in repository: Repository) {
    var leaves: [ChunkID] = []
    var found: [ReadAhead] = []
    func fetch() {
      if let readAhead = repository.readAhead(leaves) { found.append(readAhead) }
      leaves.removeAll(keepingCapacity: true)
    }
    for case let stream? in items.lazy.map(\.stream) where stream.height > 0 {
      try? repository.withReader { (reader) throws(ChunkStoreError) in
        try ContentReader(reader).forEachLeaf(of: stream, in: 0..<stream.byteCount) { leaf in
          if let chunk = leaf.chunk { leaves.append(chunk) }
          if leaves.count >= Self.leavesAtOnce { fetch() }
        }
      }
    }
    fetch()
    readsAhead += found
  }

  /// A stream may claim to have millions.
  private static let leavesAtOnce = 1024

  /// Writes the files, on a worker.
  func restore(from repository: Repository) -> Outcome {
    var outcome = Outcome()
    let buffer = ByteBuffer(capacity: Self.writeSize)
    do throws(ChunkStoreError) {
      try repository.withReader { (reader) throws(ChunkStoreError) in
        for item in items { item.restore(ContentReader(reader), buffer, &outcome) }
      }
    } catch {
      preconditionFailure("files fail one by one")
    }
    return outcome
  }
}

extension RestoreBatch.Item {
  fileprivate func restore(
    _ reader: ContentReader, _ buffer: ByteBuffer, _ outcome: inout RestoreBatch.Outcome
  ) {
    guard role != .link else { return outcome.linked.append((self, false)) }
    var isRestored = true
    do throws(IOError) {
      try restore(reader, buffer)
      outcome.files += 1
      outcome.bytes += Int64(clamping: content.byteCount)
    } catch {
      let damage = restoreReadable(reader)
      if damage != nil { outcome.files += 1 }
      outcome.problems.append((entry.path, damage ?? error))
      isRestored = damage != nil
    }
    directory.release()
    if role == .first { outcome.linked.append((self, isRestored)) }
  }

  /// Restores what can be read, if that is wanted.
  ///
  /// - Returns: what is missing of it; `nil` if nothing was restored.
  private func restoreReadable(_ reader: ContentReader) -> IOError? {
    guard case .stream(let stream) = content else { return nil }
    return directory.restoreReadable(entry, stream, name, reader)
  }

  private func restore(
    _ reader: ContentReader, _ buffer: ByteBuffer
  ) throws(IOError) {
    var file = try directory.createFile(name.span.bytes, for: entry.metadata)
    switch content {
    case .inline(let bytes):
      if !bytes.isEmpty { try file.write(bytes.span.bytes, at: 0) }
    case .stream(let stream):
      try file.write(stream, reader, through: buffer) { entry.path }
    }
    try file.finish(entry.metadata)
  }
}

extension OpenRestoredFile {
  /// Writes a stream; its holes become holes.
  ///
  /// - Parameters:
  ///   - buffer: where chunks are gathered.
  ///   - path: the file's name for people.
  mutating func write(
    _ stream: Content, _ reader: ContentReader, through buffer: ByteBuffer, path: () -> String
  ) throws(IOError) {
    let file = descriptor
    /// Where in the stream the buffer begins, and where what was seen of the data ends.
    var start: UInt64 = 0
    var end: UInt64 = 0
    buffer.removeAll()

    func flush() throws(ChunkStoreError) {
      try file.write(buffer.bytes, at: start, path: path)
      buffer.removeAll()
    }
    do throws(ChunkStoreError) {
      try reader.forEachLeaf(of: stream, in: 0..<stream.byteCount) {
        (leaf) throws(ChunkStoreError) in
        guard leaf.chunk != nil else { return }
        if leaf.range.lowerBound != end || buffer.free.count < leaf.range.count { try flush() }
        if buffer.isEmpty { start = leaf.range.lowerBound }
        end = leaf.range.upperBound
        try reader.withBytes(of: leaf) { (bytes) throws(ChunkStoreError) in
          // The last chunk of a short file, or a large one, needs no copy.
          if buffer.isEmpty, end == stream.byteCount || bytes.count > buffer.capacity {
            try file.write(bytes, at: start, path: path)
          } else {
            buffer.append(bytes)
          }
        }
      }
      try flush()
    } catch {
      throw IOError(wrapping: error)
    }
    if end < stream.byteCount { try setSize(Int64(clamping: stream.byteCount)) }
  }
}
