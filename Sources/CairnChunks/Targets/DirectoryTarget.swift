import CairnCore
import Synchronization
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
/// A blob is written to a temporary file, synchronized, given its name by an atomic link, and then
/// the directory is synchronized, so that a blob is there whole or not at all. Folders are made
/// when they are needed. File modes are 0600 and 0700.
public final class DirectoryTarget: LocalTarget {
  public let path: FilePath
  private let temporary: FilePath
  private let isPrepared = Mutex(false)
  /// The folders whose own names are known to survive a power cut.
  private let durableFolders = Mutex<Set<FilePath>>([])

  /// No blob can have this name.
  private static let temporaryName = ".tmp"

  public var name: String { path.displayText }

  /// A directory beside the blobs, made when it is asked for.
  public var spoolDirectory: FilePath? {
    // Where it cannot be made, whoever creates a file in it learns why.
    try? prepareTemporary()
    return temporary
  }

  /// - Parameters:
  ///   - path: the directory.
  ///   - creating: makes the directory, if its parent exists.
  /// - Throws: ``ChunkStoreError/Code/targetFailed`` if it is not a directory that can be used.
  public init(_ path: FilePath, creating: Bool = false) throws(ChunkStoreError) {
    self.path = path
    temporary = path.appending(Self.temporaryName)
    do throws(IOError) {
      if creating, try makeDirectory(path) {
        let parent = path.removingLastComponent()
        try (parent.isEmpty ? FilePath(".") : parent).synchronizeDirectory()
      }
      let found = try status(of: path)
      guard found?.isDirectory == true else {
        throw IOError(
          .invalidPath, operation: "open the repository at", subject: path.displayText,
          detail: found == nil ? "there is no such directory" : "it is not a directory")
      }
    } catch {
      throw ChunkStoreError(.targetFailed, "the target cannot be used", cause: error)
    }
  }

  /// Makes the directory of temporary files, and the first time removes those that a crash left.
  private func prepareTemporary() throws(IOError) {
    if try makeDirectory(temporary) { try path.synchronizeDirectory() }
    let isFirst = isPrepared.withLock { isPrepared in
      defer { isPrepared = true }
      return !isPrepared
    }
    if isFirst { try SpooledFile.removeAbandoned(in: temporary) }
  }

  /// A temporary file on the target's file system.
  func makeSpool() throws(IOError) -> SpooledFile {
    try prepareTemporary()
    return try SpooledFile(in: temporary)
  }

  // MARK: LocalTarget

  public func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    let isKept: Bool
    do throws(IOError) {
      isKept = try keep(name, source)
    } catch {
      throw failure("write", name, error)
    }
    guard isKept else { throw .conflict(name, in: self.name) }
  }

  /// - Returns: whether the blob is there now; not if the name holds other bytes.
  private func keep(_ name: BlobName, _ source: BlobSource) throws(IOError) -> Bool {
    let final = path.appending(name.description)
    let file: SpooledFile
    if let spooled = source.spooledFile {
      try requireLength(of: spooled, source.byteCount)
      file = spooled
    } else {
      file = try spool(source)
    }
    var isPublished = try publish(file, as: final)
    if !isPublished, let copy = try copyIfOnAnotherFileSystem(source, final) {
      isPublished = try publish(copy, as: final)
    }
    if !isPublished {
      guard try isSame(name, source) else { return false }
    }
    try synchronizeFolders(of: name)
    return true
  }

  public func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
    do throws(IOError) {
      return try withFile(name) { (file) throws(IOError) in
        let size = try file.size(named: name.description)
        let range = (range ?? 0..<size).clamped(to: 0..<size)
        do throws(Errno) {
          return try [UInt8](unsafeUninitializedCapacity: range.count) {
            (buffer, count) throws(Errno) in
            count = try file.readFully(
              at: range.lowerBound,
              into: UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count]))
          }
        } catch {
          throw .systemCall("read", name.description, error)
        }
      }
    } catch {
      if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory {
        try requireDirectory(for: name)
        throw .missing(name)
      }
      throw failure("read", name, error)
    }
  }

  public func findSize(of name: BlobName) throws(ChunkStoreError) -> Int64? {
    do throws(IOError) {
      if let status = try status(of: path.appending(name.description)), status.isFile {
        return status.size
      }
    } catch {
      throw failure("look at", name, error)
    }
    try requireDirectory(for: name)
    return nil
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
      throw ChunkStoreError(
        .targetFailed, "cannot list the blobs \(prefix) in \(self.name)", cause: error)
    }
    return found
  }

  public func remove(_ name: BlobName) throws(ChunkStoreError) {
    let file = path.appending(name.description)
    do throws(IOError) {
      do throws(Errno) {
        try retryOnInterrupt { unlink(file.cString) }
      } catch .noSuchFileOrDirectory, .notDirectory, .isDirectory {
        return
      } catch {
        throw .systemCall("remove", file.displayText, error)
      }
      try file.removingLastComponent().synchronizeDirectory()
    } catch {
      throw failure("remove", name, error)
    }
  }

  // MARK: Files

  /// A file that is given its name unread would otherwise make a blob of another length.
  private func requireLength(
    of spooled: SpooledFile, _ byteCount: Int64
  ) throws(IOError) {
    let found = try spooled.file.size(named: "a temporary file")
    guard found == byteCount else {
      throw IOError(
        .unexpectedEnd, operation: "read", subject: "a temporary file",
        detail: "it has \(found) bytes and should have \(byteCount)")
    }
  }

  /// Enough for a disk to be busy with.
  private static let pieceSize: Int64 = 256 << 10

  private func spool(_ source: BlobSource) throws(IOError) -> SpooledFile {
    let spool = try makeSpool()
    var offset: Int64 = 0
    while offset < source.byteCount {
      let end = min(source.byteCount, offset + Self.pieceSize)
      let part = try source.read(offset..<end)
      do throws(Errno) {
        try part.withRawBytes { (bytes) throws(Errno) in
          try spool.file.writeFully(at: offset, bytes)
        }
      } catch {
        throw .systemCall("write to", temporary.displayText, error)
      }
      offset = end
    }
    return spool
  }

  /// Links a finished file to its name, making its folders where they are missing.
  private func publish(_ file: SpooledFile, as final: FilePath) throws(IOError) -> Bool {
    do {
      do {
        return try file.publish(as: final)
      } catch  where error.errno == .noSuchFileOrDirectory {
        try makeFolders(of: final)
        return try file.publish(as: final)
      }
    } catch  where error.errno == .improperLink {
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

  /// Makes the name of a blob survive a power cut, and those of its folders: a folder that is there
  /// may have been made by a process that died before it could see to that.
  private func synchronizeFolders(of name: BlobName) throws(IOError) {
    let parts = name.description.split(separator: "/").dropLast()
    var folder = path
    for part in parts {
      let parent = folder
      folder = folder.appending(String(part))
      let isKnown = durableFolders.withLock { $0.contains(folder) }
      if !isKnown {
        try parent.synchronizeDirectory()
        _ = durableFolders.withLock { $0.insert(folder) }
      }
    }
    try folder.synchronizeDirectory()
  }

  private func makeFolders(of file: FilePath) throws(IOError) {
    let folder = file.removingLastComponent()
    guard folder != path, folder.starts(with: path) else { return }
    try makeFolders(of: folder)
    _ = try makeDirectory(folder)
  }

  private func isSame(_ present: BlobName, _ source: BlobSource) throws(IOError) -> Bool {
    return try withFile(present) { (file) throws(IOError) in
      guard try file.size(named: present.description) == source.byteCount else { return false }
      let window = FileWindow(file, byteCount: source.byteCount, name: present.description)
      var offset: Int64 = 0
      while offset < source.byteCount {
        let end = min(source.byteCount, offset + Self.pieceSize)
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
      // Without waiting for somebody who writes to what is no file but a pipe.
      file = FileDescriptor(
        rawValue: try retryOnInterrupt { open(path.cString, O_RDONLY | O_CLOEXEC | O_NONBLOCK) })
    } catch {
      throw .systemCall("open", path.displayText, error)
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
    var children: [Child] = []
    do throws(IOError) {
      try directory.forEachName { bytes, kind in
        let name = String(folder) + String(decoding: bytes, as: UTF8.self)
        guard let blob = BlobName(name),
          name.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: name.utf8)
        else { return }
        children.append(Child(name: blob, kind: kind))
      }
    } catch
      where !folder.isEmpty
      && (error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory)
    {
      // Nothing is below a name that is not there, or is a blob's.
      guard try status(of: path) != nil else { throw error }
      return true
    }
    // Whether a link is a folder, and what the file system does not tell, is looked up.
    for number in children.indices where children[number].kind != .regular {
      guard children[number].kind != .directory else { continue }
      let child = path.appending(children[number].name.description)
      children[number].kind = try status(of: child)?.isDirectory == true ? .directory : .regular
    }
    children.sort { $0.sortKey.utf8.lexicographicallyPrecedes($1.sortKey.utf8) }
    for child in children {
      guard found.count < limit else { return false }
      if child.kind == .directory {
        // Nothing in a folder that ends before `after` begins is of interest.
        if let after, after.isBehindFolder(child.name) { continue }
        let isOpen = try collect(
          child.sortKey[...], prefix: prefix, after: after, limit: limit, into: &found)
        guard isOpen else { return false }
      } else if after.map({ $0 < child.name }) != false,
        child.name.description.utf8.starts(with: prefix.utf8),
        let status = try status(of: path.appending(child.name.description)), status.isFile
      {
        found.append(BlobInfo(name: child.name, size: status.size))
      }
    }
    return found.count < limit
  }

  /// A name in a folder.
  private struct Child {
    let name: BlobName
    var kind: FileKind
    /// What orders folders among files as their blobs' names are ordered.
    var sortKey: String { kind == .directory ? "\(name)/" : name.description }
  }

  /// Throws unless the target's directory is there: a disk that was taken out has not lost blobs.
  private func requireDirectory(for blob: BlobName) throws(ChunkStoreError) {
    let isThere: Bool
    do throws(IOError) {
      isThere = try status(of: path) != nil
    } catch {
      throw failure("look for", blob, error)
    }
    guard isThere else {
      throw failure(
        "look for", blob, .systemCall("open", path.displayText, .noSuchFileOrDirectory))
    }
  }

  private func failure(
    _ operation: String, _ blob: BlobName, _ error: IOError
  ) -> ChunkStoreError {
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
  } catch .noSuchFileOrDirectory, .notDirectory {
    return nil
  } catch {
    throw .systemCall("look at", path.displayText, error)
  }
}

/// Makes a directory and says whether it was missing.
private func makeDirectory(_ path: FilePath) throws(IOError) -> Bool {
  do throws(Errno) {
    try retryOnInterrupt { mkdir(path.cString, 0o700) }
    return true
  } catch .fileExists {
    return false
  } catch {
    throw .systemCall("make the directory", path.displayText, error)
  }
}

extension FileDescriptor {
  fileprivate func size(named name: String) throws(IOError) -> Int64 {
    do throws(Errno) {
      let status = try Stat(self)
      guard status.type == .regular else { throw Errno.noSuchFileOrDirectory }
      return Int64(status.size)
    } catch {
      throw .systemCall("look at", name, error)
    }
  }
}

extension BlobName {
  /// Whether this name is greater than all names in a folder.
  fileprivate func isBehindFolder(_ folder: BlobName) -> Bool {
    // "0" follows "/".
    !description.utf8.lexicographicallyPrecedes("\(folder)0".utf8)
  }
}

extension RandomAccessReader {
  /// The bytes of a range, fewer if the end is reached.
  func readBytes(_ range: Range<Int64>) throws(IOError) -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: range.count) { (buffer, count) throws(IOError) in
      let memory = UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count])
      var span = OutputRawSpan(buffer: memory, initializedCount: 0)
      _ = try read(at: range.lowerBound, into: &span)
      count = span.finalize(for: memory)
    }
  }
}
