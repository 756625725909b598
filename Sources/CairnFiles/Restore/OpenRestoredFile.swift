public import CairnCore
public import SystemPackage

/// A file that is being restored, still under a temporary name.
///
/// It is removed if it is dropped without ``finish(_:)``. It may go from thread to thread.
public struct OpenRestoredFile: ~Copyable, Sendable {
  /// The file, open for writing. It must not be closed.
  public let descriptor: FileDescriptor

  private let name: EntryName
  private let temporaryName: TemporaryName
  private let directory: RestoredDirectory
  /// Keeps the directory open until the file has its name.
  private let handle: DirectoryHandle
  private let initial: InitialAttributes
  private var isOpen = true
  private var hasTemporaryName = true

  init(
    _ descriptor: FileDescriptor, _ name: EntryName, _ temporaryName: TemporaryName,
    in directory: RestoredDirectory, _ handle: DirectoryHandle, _ initial: InitialAttributes
  ) {
    self.descriptor = descriptor
    self.name = name
    self.temporaryName = temporaryName
    self.directory = directory
    self.handle = handle
    self.initial = initial
    directory.hold()
  }

  deinit {
    if isOpen { try? descriptor.close() }
    if hasTemporaryName {
      temporaryName.withCString { temporary in try? handle.descriptor.removeEntry(temporary) }
    }
    directory.release()
  }

  /// The file's path as text for people.
  public var path: String { directory.path(of: name) }

  /// Writes bytes at an offset. What is left out between writes is a hole.
  ///
  /// - Throws: `systemCall` if not all of them can be written.
  public func write(_ bytes: RawSpan, at offset: Int64) throws(IOError) {
    do throws(Errno) {
      try bytes.withUnsafeBytes { bytes throws(Errno) in
        try descriptor.writeFully(at: offset, bytes)
      }
    } catch {
      throw .systemCall("write", path, error)
    }
  }

  /// Makes the file `size` bytes long; what was not written is a hole.
  public func setSize(_ size: Int64) throws(IOError) {
    do throws(Errno) {
      try descriptor.setSize(size)
    } catch {
      throw .systemCall("extend", path, error)
    }
  }

  /// Sets the file's attributes and gives it its name; what had the name before, other than a
  /// directory, is replaced in one step.
  ///
  /// Attributes that cannot be set are reported as ``RestoreDestination`` says.
  ///
  /// - Throws: `systemCall` if the file cannot get its name; it is removed then.
  public consuming func finish(_ metadata: FileMetadata) throws(IOError) {
    let directory = directory
    let name = name
    RestoreTarget.open(descriptor).apply(
      metadata, over: initial, context: directory.context
    ) { directory.path(of: name) }
    do throws(Errno) {
      isOpen = false
      // Some file systems tell only now that there was no space.
      try descriptor.closeReportingErrors()
      try temporaryName.withCString { temporary throws(Errno) in
        try handle.descriptor.renameEntry(temporary, to: name.cString)
      }
      hasTemporaryName = false
    } catch {
      throw .systemCall("create", directory.path(of: name), error)
    }
  }
}

extension FileDescriptor {
  fileprivate func closeReportingErrors() throws(Errno) {
    do {
      try close()
    } catch let error as Errno {
      // The descriptor is closed all the same; trying again could close another's.
      if error != .interrupted { throw error }
    } catch {
      preconditionFailure("swift-system throws Errno only")
    }
  }
}
