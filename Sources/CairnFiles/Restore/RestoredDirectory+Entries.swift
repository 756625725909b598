public import CairnCore
import Synchronization
import SystemPackage

/// How often another temporary name is tried when one is taken; by chance that never happens twice.
private let temporaryNameAttempts = 16

extension RestoredDirectory {
  /// Creates a file that gets its name when it is finished.
  ///
  /// - Parameters:
  ///   - name: one component of a path.
  ///   - metadata: what the file will be finished with, if it is known already: that saves a system
  ///     call for most files.
  /// - Throws: `invalidPath` for a name that cannot be restored; `systemCall` if the file cannot be
  ///   created.
  public func createFile(
    _ name: RawSpan, for metadata: FileMetadata? = nil
  ) throws(IOError) -> OpenRestoredFile {
    let name = try validate(name)
    let handle = try handle()
    let permissions = CreatedFiles.permissions(for: metadata)
    do throws(Errno) {
      var file: FileDescriptor?
      let temporaryName = try withTemporaryName { temporary throws(Errno) in
        file = try handle.descriptor.openEntry(
          temporary, .writeOnly, options: [.create, .exclusiveCreate, .noFollow],
          permissions: permissions)
      }
      guard let file else { preconditionFailure("the file is open") }
      return OpenRestoredFile(
        file, name, temporaryName, in: self, handle,
        attributes(of: file, askedFor: permissions))
    } catch {
      throw .systemCall("create", path(of: name), error)
    }
  }

  private func attributes(
    of file: FileDescriptor, askedFor permissions: UInt16
  ) -> InitialAttributes {
    if let known = state.withLock({ $0.created.attributes(askingFor: permissions) }) {
      return known
    }
    guard let status = try? file.status() else { return InitialAttributes() }
    state.withLock { $0.created.learn(status, askedFor: permissions) }
    return InitialAttributes(status)
  }

  /// Creates a symbolic link, a fifo or, as root, a device, and sets its attributes.
  ///
  /// What had the name before, other than a directory, is replaced in one step.
  ///
  /// - Throws: `invalidPath` for a name that cannot be restored; `systemCall` if the entry cannot
  ///   be created, which is so for a socket: programs make them when they begin to listen.
  /// - Precondition: the metadata is neither that of a regular file nor that of a directory.
  public func createEntry(_ name: RawSpan, _ metadata: FileMetadata) throws(IOError) {
    precondition(
      metadata.kind != .regular && metadata.kind != .directory,
      "files and directories have functions of their own")
    let target = metadata.kind == .symbolicLink ? metadata.linkTarget.map(CChar.init) + [0] : []
    try create(name, "create the \(metadata.kind)") { name, directory throws(Errno) in
      switch metadata.kind {
      case .symbolicLink:
        // A NUL in it would cut the target.
        guard !metadata.linkTarget.contains(0) else { throw .invalidArgument }
        try directory.makeSymbolicLink(name, to: target)
      case .fifo, .characterDevice, .blockDevice:
        try directory.makeSpecialFile(
          name, kind: metadata.kind, permissions: 0o600, device: metadata.deviceNumber)
      default:
        throw .notSupported
      }
    } thenSet: { name, directory, path in
      RestoreTarget.name(name, in: directory).apply(
        metadata, over: InitialAttributes(), context: context, path: path)
    }
  }

  /// Gives a file that was restored before another name.
  ///
  /// What had the name before, other than a directory, is replaced in one step.
  ///
  /// - Parameters:
  ///   - name: one component of a path.
  ///   - key: the file's own place below the destination: components joined by zero bytes.
  /// - Throws: `invalidPath` for a name or a key that cannot be restored; `systemCall` if the file
  ///   does not exist or cannot be linked to.
  public func createHardLink(_ name: RawSpan, to key: RawSpan) throws(IOError) {
    let source = try context.linkSource(key, below: rootDirectory)
    try create(name, "make a hard link to \(String(displaying: source.name.bytes)) as") {
      name, directory throws(Errno) in
      try source.directory.descriptor.makeLink(to: source.name.cString, as: name, in: directory)
    }
  }

  /// Creates an entry by its name or, if that is taken, by a temporary one that then replaces it.
  private func create(
    _ name: RawSpan, _ operation: String,
    by body: (UnsafePointer<CChar>, FileDescriptor) throws(Errno) -> Void,
    thenSet attributes: (UnsafePointer<CChar>, FileDescriptor, () -> String) -> Void = { _, _, _ in
    }
  ) throws(IOError) {
    let name = try validate(name)
    let handle = try handle()
    let directory = handle.descriptor
    do throws(Errno) {
      do throws(Errno) {
        try name.cString.withUnsafeBufferPointer { cString throws(Errno) in
          try body(cString.baseAddress!, directory)
          attributes(cString.baseAddress!, directory) { path(of: name) }
        }
        return
      } catch {
        guard error == .fileExists else { throw error }
      }
      let temporaryName = try withTemporaryName { temporary throws(Errno) in
        try body(temporary, directory)
      }
      try temporaryName.withCString { temporary throws(Errno) in
        // Renaming to another name of the same file does nothing, so there may be something to
        // remove after a success, too.
        defer { try? directory.removeEntry(temporary) }
        attributes(temporary, directory) { path(of: name) }
        try directory.renameEntry(temporary, to: name.cString)
      }
    } catch {
      throw .systemCall(operation, path(of: name), error)
    }
  }

  /// Calls `body` with temporary names until one is free.
  private func withTemporaryName(
    _ body: (UnsafePointer<CChar>) throws(Errno) -> Void
  ) throws(Errno) -> TemporaryName {
    var attempts = temporaryNameAttempts
    while true {
      let name = context.makeTemporaryName()
      do throws(Errno) {
        try name.withCString(body)
        return name
      } catch {
        attempts -= 1
        guard error == .fileExists, attempts > 0 else { throw error }
      }
    }
  }

  private var rootDirectory: RestoredDirectory {
    var directory = self
    while let parent = directory.state.withLock({ $0.parent }) { directory = parent }
    return directory
  }
}

extension RestoreContext {
  /// The directory and the name of a file that was restored before.
  fileprivate func linkSource(
    _ key: RawSpan, below root: RestoredDirectory
  ) throws(IOError) -> (directory: DirectoryHandle, name: EntryName) {
    var parts = Array(key).split(separator: 0, omittingEmptySubsequences: false)
    let names = parts.map { part in part.withUnsafeBytes { EntryName($0) } }
    guard let last = names.last, let name = last, !names.contains(nil) else {
      throw .invalidName("link to", String(displaying: key))
    }
    parts.removeLast()
    let parentKey = Array(parts.joined(separator: CollectionOfOne(0)))
    // Links follow one another by where they are, and so, mostly, do the files they link to.
    if let last = lastLinked.withLock({ $0 }), last.key == parentKey { return (last.handle, name) }
    var handle = try root.handle()
    for case let directory? in names.dropLast() {
      do throws(Errno) {
        handle = DirectoryHandle(
          try handle.descriptor.openDirectory(directory.cString), counter: counter)
      } catch {
        throw .systemCall("link to", String(displaying: key), error)
      }
    }
    let found = handle
    lastLinked.withLock { $0 = (parentKey, found) }
    return (handle, name)
  }
}
