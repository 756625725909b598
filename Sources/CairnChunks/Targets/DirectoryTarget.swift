import CairnCore
public import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Blobs as files below a directory.
///
/// A blob is written to a temporary file, synchronized, given its name by an atomic link, and then the
/// directory is synchronized, so that a blob is there whole or not at all. Folders are made when
/// they are needed. File modes are 0600 and 0700.
public final class DirectoryTarget: LocalTarget {
  public let path: FilePath
  private let temporary: FilePath

  public var name: String { path.string }
  public var spoolDirectory: FilePath? { temporary }

  /// - Parameters:
  ///   - path: the directory.
  ///   - creating: makes the directory, if its parent exists.
  /// - Throws: ``ChunkStoreError/Code/targetFailed`` if it is not a directory that can be used.
  public init(_ path: FilePath, creating: Bool = false) throws(ChunkStoreError) {
    self.path = path
    temporary = path.appending("tmp")
    do throws(IOError) {
      if creating, try makeDirectory(path) {
        let parent = path.removingLastComponent()
        try (parent.isEmpty ? FilePath(".") : parent).synchronizeDirectory()
      }
      guard try status(of: path)?.isDirectory == true else {
        throw IOError(
          .invalidPath, operation: "open the repository at", subject: path.string,
          detail: "there is no such directory")
      }
    } catch {
      throw ChunkStoreError(.targetFailed, "the target cannot be used", cause: error)
    }
  }

  /// Makes the directory of temporary files, and removes those that a crash left.
  private func prepareTemporary() throws(IOError) {
    if try makeDirectory(temporary) { try path.synchronizeDirectory() }
    try SpooledFile.removeAbandoned(in: temporary)
  }

  /// A temporary file on the target's file system.
  func makeSpool() throws(IOError) -> SpooledFile {
    do {
      return try SpooledFile(in: temporary)
    } catch where error.errno == .noSuchFileOrDirectory {
      try prepareTemporary()
      return try SpooledFile(in: temporary)
    }
  }

  // MARK: LocalTarget

  public func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    do throws(IOError) {
      let final = path.appending(name.description)
      let file: SpooledFile
      if let spooled = source.spooledFile { file = spooled } else { file = try spool(source) }
      var isPublished = try publish(file, as: final)
      if !isPublished, let copy = try copyIfOnAnotherFileSystem(source, final) {
        isPublished = try publish(copy, as: final)
      }
      if !isPublished { isPublished = try isSame(final, source) }
      guard isPublished else {
        throw IOError(.changed, operation: "put", subject: name.description)
      }
      try final.removingLastComponent().synchronizeDirectory()
    } catch where error.code == .changed {
      throw .conflict(name, in: self.name)
    } catch {
      throw failure("write", name, error)
    }
  }

  public func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
    do throws(IOError) {
      return try withFile(name) { (file) throws(IOError) in
        let size = try file.size(named: name.description)
        let range = (range ?? 0..<size).clamped(to: 0..<size)
        do {
          return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            count = try file.readFully(
              at: range.lowerBound,
              into: UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count]))
          }
        } catch {
          throw .systemCall("read", name.description, error as? Errno ?? .ioError)
        }
      }
    } catch {
      throw failure("read", name, error)
    }
  }

  public func findSize(of name: BlobName) throws(ChunkStoreError) -> Int64? {
    do throws(IOError) {
      return try status(of: path.appending(name.description)).flatMap { $0.isFile ? $0.size : nil }
    } catch {
      throw failure("look at", name, error)
    }
  }

  public func names(
    _ prefix: String, after: BlobName?, limit: Int
  ) throws(ChunkStoreError) -> [BlobInfo] {
    var found: [BlobInfo] = []
    do throws(IOError) {
      // The folder part of the prefix is where the walk begins; the rest filters names.
      let folder = prefix.lastIndex(of: "/").map { prefix[...$0] } ?? ""
      try collect(folder, prefix: prefix, after: after, limit: limit, into: &found)
    } catch {
      throw ChunkStoreError(.targetFailed, "cannot list \(prefix) in \(self.name)", cause: error)
    }
    return found
  }

  public func remove(_ name: BlobName) throws(ChunkStoreError) {
    let file = path.appending(name.description)
    do throws(IOError) {
      do throws(Errno) {
        try retryOnInterrupt { unlink(file.string) }
      } catch .noSuchFileOrDirectory {
        return
      } catch {
        throw .systemCall("remove", file.string, error)
      }
      try file.removingLastComponent().synchronizeDirectory()
    } catch {
      throw failure("remove", name, error)
    }
  }

  // MARK: Files

  private func spool(_ source: BlobSource) throws(IOError) -> SpooledFile {
    let spool = try makeSpool()
    var offset: Int64 = 0
    while offset < source.byteCount {
      let end = min(source.byteCount, offset + 1 << 20)
      let part = try source.read(offset..<end)
      do throws(Errno) {
        try part.withRawBytes { (bytes) throws(Errno) in
          try spool.file.writeFully(at: offset, bytes)
        }
      } catch {
        throw .systemCall("write to", temporary.string, error)
      }
      offset = end
    }
    return spool
  }

  /// Links a finished file to its name, making its folders where they are missing.
  private func publish(_ file: SpooledFile, as final: FilePath) throws(IOError) -> Bool {
    do {
      return try file.publish(as: final)
    } catch where error.errno == .noSuchFileOrDirectory {
      try makeFolders(of: final)
      return try file.publish(as: final)
    } catch where error.errno == .improperLink {
      return false
    }
  }

  /// A spool that a host keeps elsewhere cannot be linked; its bytes are copied once.
  private func copyIfOnAnotherFileSystem(
    _ source: BlobSource, _ final: FilePath
  ) throws(IOError) -> SpooledFile? {
    guard source.spooledFile != nil, try status(of: final) == nil else { return nil }
    return try spool(source)
  }

  private func makeFolders(of file: FilePath) throws(IOError) {
    let folder = file.removingLastComponent()
    guard folder != path, folder.starts(with: path) else { return }
    try makeFolders(of: folder)
    if try makeDirectory(folder) { try folder.removingLastComponent().synchronizeDirectory() }
  }

  private func isSame(_ file: FilePath, _ source: BlobSource) throws(IOError) -> Bool {
    guard let present = BlobName(String(file.string.dropFirst(path.string.utf8.count + 1))) else {
      return false
    }
    return try withFile(present) { (file) throws(IOError) in
      guard try file.size(named: present.description) == source.byteCount else { return false }
      let window = FileWindow(file, byteCount: source.byteCount, name: present.description)
      var offset: Int64 = 0
      while offset < source.byteCount {
        let end = min(source.byteCount, offset + 1 << 20)
        guard try window.readBytes(offset..<end) == source.read(offset..<end) else { return false }
        offset = end
      }
      return true
    }
  }

  private func withFile<Result>(
    _ name: BlobName, _ body: (FileDescriptor) throws(IOError) -> Result
  ) throws(IOError) -> Result {
    let path = path.appending(name.description)
    let file: FileDescriptor
    do throws(Errno) {
      file = FileDescriptor(
        rawValue: try retryOnInterrupt { open(path.string, O_RDONLY | O_CLOEXEC) })
    } catch {
      throw .systemCall("open", path.string, error)
    }
    defer { try? file.close() }
    return try body(file)
  }

  /// Appends the blobs of a folder in the order of their full names.
  ///
  /// - Returns: whether there is room for more.
  @discardableResult
  private func collect(
    _ folder: Substring, prefix: String, after: BlobName?, limit: Int, into found: inout [BlobInfo]
  ) throws(IOError) -> Bool {
    let directory = path.appending(String(folder))
    var children: [(sortKey: String, name: String, isFolder: Bool, size: Int64)] = []
    let names: [[UInt8]]
    do {
      names = try directory.names()
    } catch where error.errno == .noSuchFileOrDirectory {
      return true
    }
    for bytes in names {
      let name = folder + String(decoding: bytes, as: UTF8.self)
      guard BlobName(String(name)) != nil, !(folder.isEmpty && name == "tmp"),
        name.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: name.utf8)
      else { continue }
      guard let status = try status(of: path.appending(String(name))) else { continue }
      if status.isDirectory {
        // Nothing in a folder that ends before `after` begins is of interest.
        if let after, "\(name)0" <= after.description, !after.description.hasPrefix("\(name)/") {
          continue
        }
        children.append((name + "/", String(name), true, 0))
      } else if status.isFile, name.utf8.starts(with: prefix.utf8) {
        children.append((String(name), String(name), false, status.size))
      }
    }
    children.sort { $0.sortKey.utf8.lexicographicallyPrecedes($1.sortKey.utf8) }
    for child in children {
      guard found.count < limit else { return false }
      if child.isFolder {
        let isOpen = try collect(
          Substring(child.sortKey), prefix: prefix, after: after, limit: limit, into: &found)
        guard isOpen else { return false }
      } else if let name = BlobName(child.name), after.map({ $0 < name }) != false {
        found.append(BlobInfo(name: name, size: child.size))
      }
    }
    return found.count < limit
  }

  private func failure(
    _ operation: String, _ blob: BlobName, _ error: IOError
  ) -> ChunkStoreError {
    if error.errno == .noSuchFileOrDirectory { return .missing(blob) }
    let isTemporary = error.errno.map { Self.temporaryErrors.contains($0.rawValue) } == true
    return ChunkStoreError(
      isTemporary ? .temporary : .targetFailed, "cannot \(operation) \(blob) in \(name)",
      blob: blob, cause: error)
  }

  /// What passes without anybody's doing; a full disk does not.
  private static let temporaryErrors: Set<CInt> = [
    EAGAIN, EBUSY, EMFILE, ENFILE, ENOMEM, ETIMEDOUT, ESTALE,
  ]
}

/// What matters here of a file's status.
private struct PathStatus {
  let isDirectory: Bool
  let isFile: Bool
  let size: Int64
}

private func status(of path: FilePath) throws(IOError) -> PathStatus? {
  do throws(Errno) {
    let status = try Stat(path)
    return PathStatus(
      isDirectory: status.type == .directory, isFile: status.type == .regular,
      size: Int64(status.size))
  } catch .noSuchFileOrDirectory {
    return nil
  } catch {
    throw .systemCall("look at", path.string, error)
  }
}

/// Makes a directory and says whether it was missing.
private func makeDirectory(_ path: FilePath) throws(IOError) -> Bool {
  do throws(Errno) {
    try retryOnInterrupt { mkdir(path.string, 0o700) }
    return true
  } catch .fileExists {
    return false
  } catch {
    throw .systemCall("make the directory", path.string, error)
  }
}

extension FileDescriptor {
  fileprivate func size(named name: String) throws(IOError) -> Int64 {
    do throws(Errno) {
      return Int64(try Stat(self).size)
    } catch {
      throw .systemCall("look at", name, error)
    }
  }
}

extension RandomAccessReader {
  /// The bytes of a range, fewer if the end is reached.
  func readBytes(_ range: Range<Int64>) throws(IOError) -> [UInt8] {
    do {
      return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
        var span = OutputRawSpan(
          buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
        count = try read(at: range.lowerBound, into: &span)
        _ = span.finalize(for: UnsafeMutableRawBufferPointer(buffer))
      }
    } catch {
      throw error as! IOError
    }
  }
}
