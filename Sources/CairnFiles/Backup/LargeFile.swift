import CairnChunks
import CairnCore
import SystemPackage

/// Stores one large file: holes are asked for and not read, the rest is read and cut here and
/// stored by all workers.
struct LargeFile {
  let core: SessionCore
  let storer: FileStorer
  let reporter: RunReporter

  struct Stored {
    let metadata: FileMetadata
    let content: Content
  }

  struct Outcome {
    var stored: Stored?
    var readBytes: Int64 = 0
    var problems: [FileProblem] = []
  }

  private static let attempts = 2

  func store(
    _ name: UnsafePointer<CChar>, in directory: DirectoryHandle, _ expected: FileStatus,
    path: @escaping () -> String
  ) throws(ChunkStoreError) -> Outcome {
    var outcome = Outcome()
    func report(_ error: IOError) {
      outcome.problems.append(FileProblem(path: path(), message: error.description))
    }
    if let content = storer.linkedContents.content(of: expected) {
      do throws(IOError) {
        var metadata = try FileMetadata.read(
          name, in: directory, status: expected, owners: storer.owners, path: path(),
          onProblem: report)
        metadata.size = Int64(content.byteCount)
        outcome.stored = Stored(metadata: metadata, content: content)
      } catch {
        report(error)
      }
      return outcome
    }
    let file: FileDescriptor
    do throws(Errno) {
      file = try directory.descriptor.openEntry(
        name, .readOnly, options: [.noFollow, .nonBlocking])
    } catch {
      report(FileStorer.openFailure(error, path()))
      return outcome
    }
    defer { try? file.close() }
    var before = expected
    for attempt in 1...Self.attempts {
      let content: Content
      let after: FileStatus
      do throws(ChunkStoreError) {
        content = try store(file, before, path: path(), &outcome.readBytes)
      } catch {
        guard error.code == .host, let cause = error.cause else { throw error }
        report(cause)
        return outcome
      }
      do throws(Errno) {
        after = try file.status()
      } catch {
        report(.systemCall("look at", path(), error))
        return outcome
      }
      guard after.kind == .regular else {
        report(FileStorer.noFile(path()))
        return outcome
      }
      let state = ReadState(before, after, byteCount: content.byteCount)
      guard state.isSteady || attempt == Self.attempts else {
        before = after
        continue
      }
      var metadata = FileMetadata.read(
        file, status: after, owners: storer.owners, path: path(), onProblem: report)
      metadata.size = Int64(content.byteCount)
      if state.hasChanged {
        metadata.flags.insert(.changedWhileRead)
        outcome.problems.append(FileProblem(path: path(), message: ReadState.changeMessage))
      } else if state.isSteady {
        storer.linkedContents.remember(content, of: after)
      }
      outcome.stored = Stored(metadata: metadata, content: content)
      return outcome
    }
    return outcome
  }

  private func store(
    _ file: FileDescriptor, _ status: FileStatus, path: @autoclosure @escaping () -> String,
    _ readBytes: inout Int64
  ) throws(ChunkStoreError) -> Content {
    var writer = ContentWriter(core, chunker: core.chunker)
    try writer.write(file, status, path: path) { (end, count) throws(ChunkStoreError) in
      readBytes += count
      try reporter.report(bytesMore: end)
    }
    return try writer.finish()
  }

  /// The bytes that are read at once.
  fileprivate static let partSize: Int64 = 16 << 20
}

extension ContentWriter {
  /// Stores a file up to the size that its status tells, or its end if that comes first; holes are
  /// asked for, and not read.
  ///
  /// - Parameter onPart: is told where the file was read to, and how many bytes that were.
  mutating func write(
    _ file: FileDescriptor, _ status: FileStatus, path: @escaping () -> String,
    _ onPart: (Int64, Int64) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    var position: Int64 = 0
    while position < status.size {
      let data = file.nextDataRange(
        from: position, size: status.size, isSparse: status.isSparse)
      if data.lowerBound > position {
        try writeHole(UInt64(data.lowerBound - position))
      }
      // A part at a time, so that progress is seen and cancelling works.
      var start = data.lowerBound
      while start < data.upperBound {
        let end = min(data.upperBound, start + LargeFile.partSize)
        var reader = FileContentReader(file, from: start, to: end, name: path)
        try write(from: &reader)
        try onPart(end, reader.offset - start)
        guard reader.offset == end else { return }
        start = end
      }
      position = data.upperBound
    }
  }
}
