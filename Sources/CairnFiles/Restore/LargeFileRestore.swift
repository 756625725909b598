import CairnChunks
import CairnCore
import SystemPackage

/// Restores one large file with all workers: this thread finds the chunks, they read and write
/// them.
struct LargeFileRestore {
  let repository: Repository
  let workers: ThreadPool
  let reporter: RunReporter

  /// The bytes and the chunks that a worker is given at once.
  private static let batchSize: UInt64 = 2 << 20
  private static let batchCount = 4096

  /// - Throws: what concerns this file alone; who calls it asks the reporter whether it was
  ///   cancelled.
  func restore(
    _ entry: SnapshotEntry, _ stream: Content, _ name: [UInt8], in parent: RestoredDirectory
  ) throws(IOError) {
    guard stream.byteCount <= UInt64(Int64.max) else {
      throw IOError(
        .malformed, operation: "restore", subject: entry.path,
        detail: "it claims to have \(stream.byteCount) bytes, more than a file can have")
    }
    let file = try parent.createFile(name.span.bytes, for: entry.metadata)
    let (descriptor, path) = (file.descriptor, file.path)
    var jobs = OrderedJobs<ChunkStoreError?>(on: workers, depth: workers.limit * 2)
    var leaves: [ContentReader.Leaf] = []
    var pendingBytes: UInt64 = 0
    var end: UInt64 = 0
    var failure: ChunkStoreError?

    func submit() {
      guard !leaves.isEmpty else { return }
      if jobs.isFull, let error = jobs.next() { failure = failure ?? error }
      let (repository, batch) = (repository, leaves)
      let readAhead = repository.readAhead(batch.lazy.compactMap(\.chunk))
      leaves.removeAll(keepingCapacity: true)
      pendingBytes = 0
      jobs.submit {
        withExtendedLifetime(readAhead) {
          repository.write(batch, to: descriptor, path: path)
        }
      }
    }

    do throws(ChunkStoreError) {
      try repository.withReader { (reader) throws(ChunkStoreError) in
        try ContentReader(reader).forEachLeaf(of: stream, in: 0..<stream.byteCount) {
          (leaf) throws(ChunkStoreError) in
          guard leaf.chunk != nil else { return }
          leaves.append(leaf)
          pendingBytes += UInt64(leaf.range.count)
          end = leaf.range.upperBound
          if pendingBytes >= Self.batchSize || leaves.count >= Self.batchCount { submit() }
          if let failure { throw failure }
          try reporter.report(bytesMore: Int64(end))
        }
      }
      submit()
    } catch {
      failure = failure ?? error
    }
    // The descriptor is in use until the last worker is done.
    while let error = jobs.next() { failure = failure ?? error }
    if let failure { throw IOError(wrapping: failure) }
    if end < stream.byteCount { try file.setSize(Int64(stream.byteCount)) }
    try file.finish(entry.metadata)
  }
}

extension Repository {
  /// Writes chunks of a stream to their places in a file.
  fileprivate func write(
    _ leaves: [ContentReader.Leaf], to file: FileDescriptor, path: String
  ) -> ChunkStoreError? {
    do throws(ChunkStoreError) {
      try withReader { (reader) throws(ChunkStoreError) in
        for leaf in leaves { try ContentReader(reader).write(leaf, to: file, path: { path }) }
      }
      return nil
    } catch {
      return error
    }
  }
}

extension ContentReader {
  /// Writes one chunk of a stream to its place in a file.
  fileprivate func write(
    _ leaf: Leaf, to file: FileDescriptor, path: () -> String
  ) throws(ChunkStoreError) {
    try withBytes(of: leaf) { (bytes) throws(ChunkStoreError) in
      try file.write(bytes, at: leaf.range.lowerBound, path: path)
    }
  }
}

extension FileDescriptor {
  /// Writes a part of a stream to its place in a file.
  func write(
    _ bytes: UnsafeRawBufferPointer, at offset: UInt64, path: () -> String
  ) throws(ChunkStoreError) {
    guard bytes.count > 0 else { return }
    do throws(Errno) {
      try writeFully(at: Int64(offset), bytes)
    } catch {
      throw ChunkStoreError(
        .host, "cannot write a file", cause: .systemCall("write", path(), error))
    }
  }
}
