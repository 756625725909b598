public import CairnChunks
public import CairnCore
import SystemPackage

/// What was stored again from the files of a machine.
public struct FileRecovery: Sendable, Codable, Hashable {
  /// The damaged files that were looked for, in all snapshots.
  public var files: Int64 = 0
  /// The chunks that were stored, and their bytes.
  public var chunks: Int64 = 0
  public var bytes: Int64 = 0
  /// The bytes that were read.
  public var readBytes: Int64 = 0
  /// Files that are not there any more, or cannot be read.
  public var problems: [FileProblem] = []
  /// Problems beyond the number that is kept.
  public var unlistedProblems: Int64 = 0

  public init() {}
}

extension Repository {
  /// Stores again what damaged snapshots need and files of this machine still hold, after
  /// ``Repository/repair(_:_:progress:)``.
  ///
  /// A file that looks as it did is stored as a backup would store it; of one that has changed since,
  /// the pieces are taken that are among those that were lost. What a piece is, is told by its id, so
  /// nothing wrong can be taken. Snapshots stay as they are, and are whole again as far as this goes.
  /// Lost entries are not made again: the next backup has them.
  ///
  /// - Parameters:
  ///   - damaged: of ``Repository/damagedSnapshots(by:)``.
  ///   - places: those that were backed up, or copies of them, under the names that they have in the
  ///     snapshots.
  ///   - session: options of the session that writes.
  ///   - progress: is told of files and bytes.
  /// - Throws: `ChunkStoreError`, not for what concerns one file.
  public func recoverFiles(
    of damaged: [DamagedSnapshot], from places: [WalkRoot],
    session options: SessionOptions = SessionOptions(),
    progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> FileRecovery {
    guard !damaged.isEmpty, !places.isEmpty else { return FileRecovery() }
    let session = try await startSession(options)
    let cancellation = CancellationFlag()
    let outcome = await withTaskCancellationHandler {
      await ThreadPool.engines.run { () -> Result<FileRecovery, ChunkStoreError> in
        Result { () throws(ChunkStoreError) in
          let reader = ChunkReader(self)
          let run = RecoveryRun(
            core: session.core, places: places,
            search: DamageSearch(
              lost: LostChunks(in: self, reader), reader: reader, cancellation: cancellation),
            reporter: RunReporter(progress, cancellation: cancellation, phase: "recover"))
          return try run.run(damaged.map(\.snapshot))
        }
      }
    } onCancel: {
      cancellation.set()
    }
    try? await session.end()
    var recovery = try outcome.get()
    (recovery.chunks, recovery.bytes) = (
      session.statistics.newChunks, session.statistics.newBytes
    )
    return recovery
  }
}

/// One recovery, on a thread of its own.
private struct RecoveryRun {
  let core: SessionCore
  let places: [WalkRoot]
  let search: DamageSearch
  let reporter: RunReporter

  func run(_ snapshots: [Snapshot]) throws(ChunkStoreError) -> FileRecovery {
    var recovery = FileRecovery()
    var problems = ProblemList()
    for snapshot in snapshots {
      try search.forEachDamagedFile(of: snapshot, onLoss: { _ in }) {
        (entry, _) throws(ChunkStoreError) in
        guard case .stream(let content) = entry.content, let path = path(of: entry.key) else {
          return
        }
        recovery.files += 1
        do throws(ChunkStoreError) {
          try recover(content, entry.metadata, from: path, &recovery)
        } catch {
          guard error.code == .host, let cause = error.cause else { throw error }
          problems.append(FileProblem(path: entry.path, message: cause.description))
        }
        try reporter.report(files: recovery.files, bytes: recovery.readBytes)
      }
    }
    try core.flush()
    recovery.problems = problems.problems
    recovery.unlistedProblems = problems.unlisted
    return recovery
  }

  /// Where a file is that has this key in the snapshot, if a place has its name.
  private func path(of key: [UInt8]) -> FilePath? {
    let name = key.prefix { $0 != 0 }
    guard let place = places.first(where: { $0.name.elementsEqual(name) }) else { return nil }
    var path = place.path
    for component in key[name.endIndex...].split(separator: 0) {
      let text = component.map { CChar(bitPattern: $0) } + [0]
      guard EntryName.isValid(component),
        let part = text.withUnsafeBufferPointer({
          FilePath.Component(platformString: $0.baseAddress!)
        })
      else { return nil }
      path.append(part)
    }
    return path
  }

  private func recover(
    _ content: Content, _ metadata: FileMetadata, from path: FilePath,
    _ recovery: inout FileRecovery
  ) throws(ChunkStoreError) {
    let text = path.displayText
    let file: FileDescriptor
    let status: FileStatus
    do throws(Errno) {
      file = try path.openToRead()
    } catch {
      throw .init(.host, "cannot open a file", cause: .systemCall("open", text, error))
    }
    defer { try? file.close() }
    do throws(Errno) {
      status = try file.status()
    } catch {
      throw .init(.host, "cannot look at a file", cause: .systemCall("look at", text, error))
    }
    guard status.kind == .regular else {
      throw .init(.host, "cannot read a file", cause: FileStorer.noFile(text))
    }
    var readBytes: Int64 = 0
    defer { recovery.readBytes += readBytes }
    if status.size == metadata.size, status.modificationTime == metadata.modificationTime {
      var writer = ContentWriter(core, chunker: core.chunker)
      try writer.write(file, status, path: { text }) { (_, count) throws(ChunkStoreError) in
        readBytes += count
        try reporter.check()
      }
      if try writer.finish() == content { return }
    }
    try storeLostPieces(of: content, in: file, status, text, &readBytes)
  }

  /// Stores those pieces of a file that are among the lost ones of a stream.
  private func storeLostPieces(
    of content: Content, in file: FileDescriptor, _ status: FileStatus, _ path: String,
    _ readBytes: inout Int64
  ) throws(ChunkStoreError) {
    var lost: Set<ChunkID> = []
    try ContentReader(search.reader).forEachReadableLeaf(of: content) {
      (_, chunk) throws(ChunkStoreError) in
      if let chunk, try search.lost.contains(chunk) { lost.insert(chunk) }
    }
    guard !lost.isEmpty else { return }
    var position: Int64 = 0
    while position < status.size {
      let data = file.nextDataRange(from: position, size: status.size, isSparse: status.isSparse)
      if !data.isEmpty { try storePieces(lost, of: file, data, path, &readBytes) }
      position = data.upperBound
    }
  }

  /// Cuts a range of a file without holes as a backup does.
  private func storePieces(
    _ lost: Set<ChunkID>, of file: FileDescriptor, _ range: Range<Int64>, _ path: String,
    _ readBytes: inout Int64
  ) throws(ChunkStoreError) {
    let buffer = ByteBuffer(capacity: core.chunker.maximumSize + 1 << 20)
    var reader = FileContentReader(file, from: range.lowerBound, to: range.upperBound) { path }
    var offset = UInt64(range.lowerBound)
    while true {
      try reporter.check()
      do {
        while buffer.free.count > 0 {
          let free = buffer.free
          var output = OutputRawSpan(buffer: free, initializedCount: 0)
          let count = try reader.read(into: &output)
          buffer.count += output.finalize(for: free)
          if count == 0 { break }
        }
      } catch {
        throw .init(.host, "cannot read a file", cause: error)
      }
      if buffer.isEmpty { return }
      let isEnd = buffer.free.count > 0
      var used = 0
      try core.withLane { (lane) throws(ChunkStoreError) in
        while used < buffer.count, isEnd || buffer.count - used >= core.chunker.maximumSize {
          let rest = UnsafeRawBufferPointer(rebasing: buffer.bytes[used...])
          let length = core.chunker.firstChunk(of: rest.bytes, at: offset)
          let piece = UnsafeRawBufferPointer(rebasing: rest[..<length])
          let id = lane.name(links: UnsafeRawBufferPointer(start: nil, count: 0), data: piece)
          if lost.contains(id) { _ = try lane.store(data: piece, in: .content) }
          offset += UInt64(length)
          used += length
        }
      }
      readBytes += Int64(used)
      if isEnd { return }
      buffer.removeFirst(used)
    }
  }
}

extension FilePath {
  fileprivate func openToRead() throws(Errno) -> FileDescriptor {
    do {
      return try FileDescriptor.open(
        self, .readOnly, options: [.noFollow, .nonBlocking, .closeOnExec])
    } catch {
      throw error as? Errno ?? .ioError
    }
  }
}
