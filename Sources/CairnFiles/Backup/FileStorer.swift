import CairnChunks
import CairnCore
import CairnCrypto
import SystemPackage

/// Reads files and stores their content; what workers do with a batch.
struct FileStorer: Sendable {
  let core: SessionCore
  let owners: OwnerNames
  private let inlineLimit: Int
  let linkedContents = LinkedContents()
  /// Names files in messages.
  let displayPath: @Sendable ([UInt8]) -> String

  /// A file that changes while it is read is read this many times before it is kept as it is.
  private static let attempts = 3
  /// The most that is read of a file that does not tell its size.
  private static let unsizedLimit: Int64 = 64 << 20
  /// How many files a worker opens before it reads them.
  private let depthAhead: Int
  /// Entries stay smaller than the nodes that hold them.
  private static let largestInlineLimit = 16 << 10

  init(
    core: SessionCore, owners: OwnerNames, inlineLimit: Int,
    displayPath: @escaping @Sendable ([UInt8]) -> String
  ) {
    self.core = core
    self.owners = owners
    self.inlineLimit = min(max(inlineLimit, 0), Self.largestInlineLimit)
    self.displayPath = displayPath
    depthAhead = max(1, min(16, openFileLimit() / 8 / core.workers.limit))
  }

  /// Reads the files of a batch, in order.
  func process(_ batch: FileBatch) -> FileBatchResult {
    var result = FileBatchResult()
    result.items.reserveCapacity(batch.items.count)
    do throws(ChunkStoreError) {
      try core.withLane { (lane) throws(ChunkStoreError) in
        try process(batch, lane, &result)
      }
    } catch {
      result.failure = error
    }
    return result
  }

  private func process(
    _ batch: FileBatch, _ lane: Lane, _ result: inout FileBatchResult
  ) throws(ChunkStoreError) {
    var key = 0
    var value = 0
    var link = 0
    var name = 0
    let ahead = FilesAhead(batch, depth: depthAhead)
    for item in batch.items {
      let keyBytes = batch.keys[key..<key + item.keyLength]
      key += item.keyLength
      guard let directory = item.directory, let status = item.status else {
        result.items.append(item)
        result.keys.append(contentsOf: keyBytes)
        result.values.append(contentsOf: batch.values[value..<value + item.valueLength])
        result.links.append(contentsOf: batch.links[link..<link + item.linkLength])
        value += item.valueLength
        link += item.linkLength
        continue
      }
      let nameBytes = batch.names[name..<name + item.nameLength]
      name += item.nameLength
      let valueStart = result.values.count
      let linkStart = result.links.count
      do throws(FileFailure) {
        let metadata = try store(
          Array(nameBytes), in: directory, status, key: keyBytes, ahead, lane, &result)
        result.items.append(
          FileBatch.Item(
            keyLength: item.keyLength, valueLength: result.values.count - valueStart,
            linkLength: result.links.count - linkStart, weight: UInt64(metadata.size)))
        result.keys.append(contentsOf: keyBytes)
        result.files += 1
        result.bytes += metadata.size
      } catch {
        result.values.removeLast(result.values.count - valueStart)
        result.links.removeLast(result.links.count - linkStart)
        switch error {
        case .store(let error): throw error
        case .file(let error):
          result.problems.append(
            FileProblem(path: displayPath(Array(keyBytes)), message: error.description))
        }
      }
    }
  }

  /// A failure that concerns one file, or one that ends the backup.
  enum FileFailure: Error {
    case file(IOError)
    case store(ChunkStoreError)

    init(_ error: ChunkStoreError) {
      if error.code == .host, let cause = error.cause {
        self = .file(cause)
      } else {
        self = .store(error)
      }
    }
  }

  /// Appends a file's value and links to the result.
  ///
  /// - Parameter name: with a zero at the end.
  private func store(
    _ name: [UInt8], in directory: DirectoryHandle, _ expected: FileStatus,
    key: ArraySlice<UInt8>, _ ahead: FilesAhead, _ lane: Lane,
    _ result: inout FileBatchResult
  ) throws(FileFailure) -> FileMetadata {
    let path = { displayPath(Array(key)) }
    if let content = linkedContents.content(of: expected) {
      ahead.skip()
      var metadata: FileMetadata
      do throws(IOError) {
        metadata = try name.withRawBytes { (name) throws(IOError) in
          try FileMetadata.read(
            name.baseAddress!.assumingMemoryBound(to: CChar.self), in: directory,
            status: expected, owners: owners, path: path()
          ) { result.problems.append(FileProblem(path: path(), message: $0.description)) }
        }
      } catch {
        throw .file(error)
      }
      metadata.size = Int64(content.byteCount)
      metadata.encode(into: &result.values)
      append(content, to: &result)
      return metadata
    }
    let file: FileDescriptor
    do throws(Errno) {
      file = try ahead.open(name, in: directory)
    } catch {
      throw .file(Self.openFailure(error, path()))
    }
    defer { try? file.close() }
    return try store(file, expected, path: path, lane, &result)
  }

  /// Stores an open file that is not large.
  private func store(
    _ file: FileDescriptor, _ expected: FileStatus, path: @escaping () -> String, _ lane: Lane,
    _ result: inout FileBatchResult
  ) throws(FileFailure) -> FileMetadata {
    var before = expected
    for attempt in 1...Self.attempts {
      let content = try readContent(file, before, path: path, lane, &result.readBytes)
      let after: FileStatus
      do throws(Errno) {
        after = try file.status()
      } catch {
        throw .file(.systemCall("look at", path(), error))
      }
      guard after.kind == .regular else { throw .file(Self.noFile(path())) }
      let state = ReadState(before, after, byteCount: content.byteCount)
      guard state.isSteady || attempt == Self.attempts else {
        before = after
        continue
      }
      var metadata = FileMetadata.read(file, status: after, owners: owners, path: path()) {
        result.problems.append(FileProblem(path: path(), message: $0.description))
      }
      metadata.size = Int64(content.byteCount)
      if state.hasChanged {
        metadata.flags.insert(.changedWhileRead)
        result.problems.append(FileProblem(path: path(), message: ReadState.changeMessage))
      }
      metadata.encode(into: &result.values)
      switch content {
      case .inline:
        FileContentCoding.append(inline: lane.input.bytes, to: &result.values)
      case .stream(let content):
        append(content, to: &result)
        if state.isSteady { linkedContents.remember(content, of: after) }
      }
      return metadata
    }
    preconditionFailure("the last attempt returns")
  }

  private func append(_ content: Content, to result: inout FileBatchResult) {
    FileContentCoding.append(content, to: &result.values)
    content.root.digest.withBytes { bytes in
      bytes.withUnsafeBytes { result.links.append(contentsOf: $0) }
    }
  }

  private enum ReadContent {
    /// The bytes are in the lane's input.
    case inline(UInt64)
    case stream(Content)

    var byteCount: UInt64 {
      switch self {
      case .inline(let count): count
      case .stream(let content): content.byteCount
      }
    }
  }

  private func readContent(
    _ file: FileDescriptor, _ status: FileStatus, path: @escaping () -> String, _ lane: Lane,
    _ readBytes: inout Int64
  ) throws(FileFailure) -> ReadContent {
    do throws(ChunkStoreError) {
      var size = status.size
      if size <= Int64(inlineLimit) {
        let count = try readStart(file, size, path: path, lane)
        readBytes += Int64(count)
        if count <= inlineLimit { return .inline(UInt64(count)) }
        // It has grown, or is one of those whose size is no help, as in /proc.
        size = Self.unsizedLimit
      }
      var writer = LaneContentWriter(lane, chunker: core.chunker)
      var position: Int64 = 0
      while position < size {
        let data = file.nextDataRange(from: position, size: size, isSparse: status.isSparse)
        if data.lowerBound > position {
          try writer.writeHole(UInt64(data.lowerBound - position))
        }
        var reader = FileContentReader(file, from: data.lowerBound, to: data.upperBound, name: path)
        try writer.write(from: &reader)
        readBytes += reader.offset - data.lowerBound
        guard reader.offset == data.upperBound else { break }
        position = data.upperBound
      }
      if position == Self.unsizedLimit, status.size < position {
        throw .init(
          .host, "cannot read a file",
          cause: IOError(
            .limit, operation: "read", subject: path(),
            detail: "it claims to have \(status.size) bytes, and does not end after \(position)"))
      }
      return .stream(try writer.finish())
    } catch {
      throw FileFailure(error)
    }
  }

  /// Reads the beginning of a file to the lane's input: one byte more than may travel inline tells
  /// whether it is longer than that.
  private func readStart(
    _ file: FileDescriptor, _ size: Int64, path: () -> String, _ lane: Lane
  ) throws(ChunkStoreError) -> Int {
    lane.input.removeAll()
    let window = UnsafeMutableRawBufferPointer(rebasing: lane.input.free[...inlineLimit])
    do throws(Errno) {
      lane.input.count = try core.times.measure(.read) { () throws(Errno) in
        let count = try file.readOnce(at: 0, into: window)
        // Nearly always all there is; otherwise only the end tells.
        if Int64(count) == size || count == window.count { return count }
        let rest = UnsafeMutableRawBufferPointer(rebasing: window[count...])
        return try count + file.readFully(at: Int64(count), into: rest)
      }
      return lane.input.count
    } catch {
      throw .init(.host, "cannot read a file", cause: .systemCall("read", path(), error))
    }
  }

  static func noFile(_ path: String) -> IOError {
    IOError(
      .changed, operation: "read", subject: path,
      detail: "it became something else than a file while it was looked at; run the backup again")
  }

  static func openFailure(_ error: Errno, _ path: String) -> IOError {
    switch error {
    case .noSuchFileOrDirectory:
      IOError(
        .changed, operation: "read", subject: path,
        detail: "it vanished before it could be read")
    case .tooManySymbolicLinkLevels:
      IOError(
        .changed, operation: "read", subject: path,
        detail: "it became a symbolic link while it was looked at; run the backup again")
    default: .systemCall("open", path, error)
    }
  }
}

/// What the status of a file before and after it was read tells about what was read.
struct ReadState {
  /// Whether what was read is what the file holds.
  let isSteady: Bool
  /// Whether the file changed meanwhile.
  let hasChanged: Bool

  static let changeMessage =
    "it kept changing while it was read; what is stored may mix several states"

  init(_ before: FileStatus, _ after: FileStatus, byteCount: UInt64) {
    let isSame =
      before.isSameFile(as: after) && before.size == after.size
      && before.modificationTime == after.modificationTime
      && before.changeTime == after.changeTime
    hasChanged = !isSame
    // More than the size says is no change: some file systems make content up when it is read.
    isSteady = isSame && byteCount >= UInt64(max(0, after.size))
  }
}

extension FileStatus {
  /// Whether the file takes less space than it is long.
  var isSparse: Bool { blocks * 512 < size }
}

extension FileDescriptor {
  /// The next range that is not a hole; empty at the end if there is none.
  func nextDataRange(from position: Int64, size: Int64, isSparse: Bool) -> Range<Int64> {
    guard isSparse else { return position..<size }
    do throws(Errno) {
      guard let data = try nextData(from: position) else { return size..<size }
      return data.clamped(to: position..<size)
    } catch {
      // A file system that knows no holes.
      return position..<size
    }
  }
}

/// Reads a file from its beginning by position, so that the descriptor's offset does not matter.
struct FileContentReader: ByteReader {
  private let file: FileDescriptor
  private let name: () -> String
  private(set) var offset: Int64
  /// Where to stop; the end of the file comes first if it is nearer.
  private let end: Int64

  init(
    _ file: FileDescriptor, from offset: Int64 = 0, to end: Int64 = .max,
    name: @escaping () -> String
  ) {
    self.file = file
    self.name = name
    self.offset = offset
    self.end = end
  }

  mutating func read(into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    let left = end - offset
    guard left > 0 else { return 0 }
    do throws(Errno) {
      let position = offset
      let count = try buffer.append { (free) throws(Errno) in
        let part = UnsafeMutableRawBufferPointer(
          rebasing: free[..<Int(min(Int64(free.count), left))])
        return try file.readOnce(at: position, into: part)
      }
      offset += Int64(count)
      return count
    } catch {
      throw .systemCall("read", name(), error)
    }
  }
}
