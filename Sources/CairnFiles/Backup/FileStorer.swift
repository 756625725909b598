import CairnChunks
import CairnCore
import CairnCrypto
import SystemPackage

/// Reads files and stores their content; what workers do with a batch.
struct FileStorer: Sendable {
  let core: SessionCore
  let owners: OwnerNames
  let inlineLimit: Int
  /// Names files in messages.
  let displayPath: @Sendable ([UInt8]) -> String

  /// A file that changes while it is read is read this many times before it is kept as it is.
  private static let attempts = 3

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
          Array(nameBytes), in: directory, status, key: keyBytes, lane, &result)
        result.items.append(
          FileBatch.Item(
            keyLength: item.keyLength, valueLength: result.values.count - valueStart,
            linkLength: result.links.count - linkStart, weight: UInt64(max(0, metadata.size))))
        result.keys.append(contentsOf: keyBytes)
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
    key: ArraySlice<UInt8>, _ lane: Lane, _ result: inout FileBatchResult
  ) throws(FileFailure) -> FileMetadata {
    let path = { displayPath(Array(key)) }
    let file: FileDescriptor
    do throws(Errno) {
      file = try name.withRawBytes { (name) throws(Errno) in
        try directory.descriptor.openEntry(
          name.baseAddress!.assumingMemoryBound(to: CChar.self), .readOnly,
          options: [.noFollow, .nonBlocking])
      }
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
      let content = try readContent(file, before, path: path, lane)
      let after: FileStatus
      do throws(Errno) {
        after = try file.status()
      } catch {
        throw .file(.systemCall("look at", path(), error))
      }
      guard after.kind == .regular else {
        throw .file(
          IOError(
            .changed, operation: "read", subject: path(),
            detail: "it became something else than a file while it was looked at; run the backup "
              + "again"))
      }
      let isSteady = Self.isSame(before, after) && content.byteCount == UInt64(after.size)
      guard isSteady || attempt == Self.attempts else {
        before = after
        continue
      }
      var metadata = FileMetadata.read(file, status: after, owners: owners, path: path()) {
        result.problems.append(FileProblem(path: path(), message: $0.description))
      }
      if !isSteady {
        metadata.flags.insert(.changedWhileRead)
        metadata.size = Int64(content.byteCount)
        result.problems.append(
          FileProblem(
            path: path(),
            message: "it kept changing while it was read; what is stored may mix several states"))
      }
      metadata.encode(into: &result.values)
      switch content {
      case .inline:
        FileContentCoding.append(inline: lane.input.bytes, to: &result.values)
      case .stream(let content):
        FileContentCoding.append(content, to: &result.values)
        content.root.digest.withBytes { bytes in
          bytes.withUnsafeBytes { result.links.append(contentsOf: $0) }
        }
      }
      result.readFiles += 1
      result.readBytes += Int64(content.byteCount)
      return metadata
    }
    preconditionFailure("the last attempt returns")
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
    _ file: FileDescriptor, _ status: FileStatus, path: @escaping () -> String, _ lane: Lane
  ) throws(FileFailure) -> ReadContent {
    lane.input.removeAll()
    do throws(ChunkStoreError) {
      if status.size <= Int64(inlineLimit) {
        // One byte more than it should have tells whether it grew.
        let window = UnsafeMutableRawBufferPointer(
          rebasing: lane.input.free[..<(inlineLimit + 1)])
        do throws(Errno) {
          lane.input.count = try core.times.measure(.read) { () throws(Errno) in
            try file.readOnce(at: 0, into: window)
          }
        } catch {
          throw .init(
            .host, "cannot read a file", cause: .systemCall("read", path(), error))
        }
        if lane.input.count <= inlineLimit { return .inline(UInt64(lane.input.count)) }
      }
      lane.input.removeAll()
      var reader = FileContentReader(file, to: status.size, name: path)
      return .stream(try lane.storeContent(from: &reader, chunker: core.chunker))
    } catch {
      throw FileFailure(error)
    }
  }

  /// Whether a file had the same content before and after it was read, as far as its status tells.
  static func isSame(_ before: FileStatus, _ after: FileStatus) -> Bool {
    before.inode == after.inode && before.device == after.device && before.size == after.size
      && before.modificationTime == after.modificationTime
      && before.changeTime == after.changeTime
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
