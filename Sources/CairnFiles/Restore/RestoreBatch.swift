import CairnChunks
import CairnCore

/// Some consecutive files of a restore on their way through a worker.
struct RestoreBatch: Sendable {
  struct Item: Sendable {
    let entry: SnapshotEntry
    let name: [UInt8]
    /// Held until the file is done.
    let directory: RestoredDirectory
    let content: FileContent
  }

  struct Outcome: Sendable {
    var files: Int64 = 0
    var bytes: Int64 = 0
    var problems: [(path: String, error: IOError)] = []
  }

  private(set) var items: [Item] = []
  private var byteCount: UInt64 = 0

  var isFull: Bool { items.count >= 128 || byteCount >= 2 << 20 }

  mutating func append(
    _ entry: SnapshotEntry, name: [UInt8], in directory: RestoredDirectory, _ content: FileContent
  ) {
    items.append(Item(entry: entry, name: name, directory: directory, content: content))
    byteCount += content.byteCount
  }

  /// Writes the files, on a worker.
  func restore(from repository: Repository) -> Outcome {
    var outcome = Outcome()
    do throws(ChunkStoreError) {
      try repository.withReader { (reader) throws(ChunkStoreError) in
        for item in items {
          do throws(IOError) {
            try item.restore(ContentReader(reader))
            outcome.files += 1
            outcome.bytes += Int64(item.content.byteCount)
          } catch {
            outcome.problems.append((item.entry.path, error))
          }
          item.directory.release()
        }
      }
    } catch {
      preconditionFailure("files fail one by one")
    }
    return outcome
  }
}

extension RestoreBatch.Item {
  fileprivate func restore(_ reader: ContentReader) throws(IOError) {
    var file = try directory.createFile(name.span.bytes, for: entry.metadata)
    switch content {
    case .inline(let bytes):
      if !bytes.isEmpty { try file.write(bytes.span.bytes, at: 0) }
    case .stream(let stream):
      try file.write(stream, reader) { entry.path }
    }
    try file.finish(entry.metadata)
  }
}

extension OpenRestoredFile {
  /// Writes a stream; its holes become holes.
  ///
  /// - Parameter path: the file's name for people.
  mutating func write(
    _ stream: Content, _ reader: ContentReader, path: () -> String
  ) throws(IOError) {
    var end: UInt64 = 0
    let file = descriptor
    do throws(ChunkStoreError) {
      try reader.forEachLeaf(of: stream, in: 0..<stream.byteCount) {
        (leaf) throws(ChunkStoreError) in
        guard leaf.chunk != nil else { return }
        try reader.write(leaf, to: file, path: path)
        end = leaf.range.upperBound
      }
    } catch {
      throw IOError(wrapping: error)
    }
    if end < stream.byteCount { try setSize(Int64(stream.byteCount)) }
  }
}
