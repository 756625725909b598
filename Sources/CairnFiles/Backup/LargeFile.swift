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
        content = try store(file, size: before.size, isSparse: before.isSparse, path: path())
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
      let isSteady =
        FileStorer.isSame(before, after) && content.byteCount == UInt64(max(0, after.size))
      guard isSteady || attempt == Self.attempts else {
        before = after
        continue
      }
      var metadata = FileMetadata.read(
        file, status: after, owners: storer.owners, path: path(), onProblem: report)
      if !isSteady {
        metadata.flags.insert(.changedWhileRead)
        metadata.size = Int64(content.byteCount)
        outcome.problems.append(
          FileProblem(
            path: path(),
            message: "it kept changing while it was read; what is stored may mix several states"))
      }
      outcome.stored = Stored(metadata: metadata, content: content)
      return outcome
    }
    return outcome
  }

  private func store(
    _ file: FileDescriptor, size: Int64, isSparse: Bool, path: @autoclosure @escaping () -> String
  ) throws(ChunkStoreError) -> Content {
    var writer = ContentWriter(core, chunker: core.chunker)
    var position: Int64 = 0
    while position < size {
      let data = isSparse ? nextData(of: file, from: position, size: size) : position..<size
      if data.lowerBound > position {
        try writer.writeHole(UInt64(data.lowerBound - position))
      }
      if !data.isEmpty {
        // Half a pass at a time, so that progress is seen and cancelling works.
        var start = data.lowerBound
        while start < data.upperBound {
          let end = min(data.upperBound, start + 64 << 20)
          var reader = FileContentReader(file, from: start, to: end, name: path)
          try writer.write(from: &reader)
          guard reader.offset == end else { return try writer.finish() }
          try reporter.check()
          start = end
        }
      }
      position = data.upperBound
    }
    return try writer.finish()
  }

  /// The next range that is not a hole; empty at the end if there is none.
  private func nextData(
    of file: FileDescriptor, from position: Int64, size: Int64
  ) -> Range<Int64> {
    do throws(Errno) {
      guard let data = try file.nextData(from: position) else { return size..<size }
      return data.clamped(to: position..<size)
    } catch {
      // A file system that knows no holes.
      return position..<size
    }
  }
}

extension FileStatus {
  /// Whether the file takes less space than it is long.
  var isSparse: Bool { blocks * 512 < size }
}
