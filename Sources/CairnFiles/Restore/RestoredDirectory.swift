public import CairnCore
import Synchronization
import SystemPackage

/// A directory that is being restored.
///
/// Any thread may use it. It is *pending* as long as somebody may still create something in it: who
/// made it, until ``leave(_:)``; each of its own directories; each ``OpenRestoredFile``; each
/// ``hold()``. When the last of these is done, on whatever thread that is, it gets its attributes,
/// so that its time is not changed by what is created in it, and its parent has one thing less to
/// wait for. A directory that is released without having been left keeps the attributes with which
/// it was created.
public final class RestoredDirectory: Sendable {
  struct State {
    /// Nil for the root, and when the directory is done.
    var parent: RestoredDirectory?
    /// Nil when the directory has been closed to save descriptors.
    weak var handle: DirectoryHandle?
    /// Where the cache has the handle.
    var slot = 0
    /// How many may still create something here; the first is who made the directory.
    var holds = 1
    var isLeft = false
    var metadata: FileMetadata?
    var created = CreatedFiles()
  }

  let context: RestoreContext
  let state: Mutex<State>
  /// The root's handle, which is never closed.
  private let rootHandle: DirectoryHandle?
  private let name: EntryName?
  private let status: FileStatus

  init(root handle: DirectoryHandle, status: FileStatus, context: RestoreContext) {
    self.context = context
    self.status = status
    name = nil
    rootHandle = handle
    state = Mutex(State())
    context.pendingDirectories.wrappingAdd(1, ordering: .relaxed)
  }

  private init(
    _ name: EntryName, in parent: RestoredDirectory, _ handle: DirectoryHandle, _ status: FileStatus
  ) {
    context = parent.context
    self.name = name
    self.status = status
    rootHandle = nil
    state = Mutex(
      State(parent: parent, handle: handle, slot: parent.context.cache.insert(handle)))
    context.pendingDirectories.wrappingAdd(1, ordering: .relaxed)
  }

  deinit {
    // An abandoned restore may leave a long chain of parents. Released one by one here, they do not
    // take a stack frame each.
    var next = state.withLock { $0.parent.take() }
    while isKnownUniquelyReferenced(&next) {
      next = next?.state.withLock { $0.parent.take() }
    }
  }
}

// MARK: Directories

extension RestoredDirectory {
  /// Makes a directory in this one, or takes the one that is there.
  ///
  /// - Parameter name: one component of a path.
  /// - Throws: `invalidPath` for a name that cannot be restored, or where something else than a
  ///   directory has it, such as a symbolic link; `systemCall` if the directory cannot be made.
  public func makeDirectory(_ name: RawSpan) throws(IOError) -> RestoredDirectory {
    let name = try validate(name)
    let parent = try handle()
    do throws(Errno) {
      var isNew = true
      do throws(Errno) {
        try parent.descriptor.makeDirectory(name.cString, permissions: 0o700)
      } catch {
        guard error == .fileExists else { throw error }
        isNew = false
      }
      let handle = DirectoryHandle(
        try parent.descriptor.openDirectory(name.cString), counter: context.counter)
      let status = try handle.descriptor.status()
      var permissions = status.permissions
      if !isNew, !context.isRoot, permissions & 0o700 != 0o700 {
        // A restore that is repeated finds directories that it made read-only.
        permissions |= 0o700
        try? handle.descriptor.setPermissions(permissions)
      }
      hold()
      return RestoredDirectory(name, in: self, handle, status)
    } catch {
      if let found = try? parent.descriptor.status(of: name.cString), found.kind != .directory {
        throw IOError(
          .invalidPath, operation: "restore the directory", subject: path(of: name),
          detail: found.kind == .symbolicLink
            ? "a symbolic link has its name, and is not followed; remove it or restore elsewhere"
            : "a \(found.kind) has its name; remove it or restore elsewhere")
      }
      throw .systemCall("make the directory", path(of: name), error)
    }
  }

  /// Says that something will be created here later, so that the directory is not finished before
  /// the matching ``release()``.
  ///
  /// - Precondition: the directory is pending.
  public func hold() {
    state.withLock { state in
      precondition(state.holds > 0, "the directory is finished")
      state.holds += 1
    }
  }

  /// Ends a ``hold()``.
  public func release() {
    release(through: nil)
  }

  /// - Parameter handle: the open directory, if the caller has it at hand.
  private func release(through handle: DirectoryHandle?) {
    var current = self
    var currentHandle = handle
    while true {
      let (isDone, metadata, parent) = current.state.withLock { state in
        precondition(state.holds > 0, "released more often than held")
        state.holds -= 1
        let isDone = state.holds == 0
        return (isDone, isDone ? state.metadata.take() : nil, isDone ? state.parent : nil)
      }
      guard isDone else { return }
      // The parent is opened from here, if need be, while here can still be searched.
      let handle = currentHandle ?? current.handleIfOpen
      let parentHandle = handle.flatMap { parent?.handle(through: $0) }
      if let metadata { current.apply(metadata, handle) }
      current.finish()
      guard let parent else { return }
      current = parent
      currentHandle = parentHandle
    }
  }

  /// Ends the part of who made the directory: it will get these attributes when the last file in it
  /// is finished.
  ///
  /// - Parameter metadata: nil leaves the directory as it is.
  /// - Precondition: called once.
  public func leave(_ metadata: FileMetadata? = nil) {
    let parent = state.withLock { state in
      precondition(!state.isLeft, "the directory was left before")
      state.isLeft = true
      state.metadata = metadata
      return state.parent
    }
    // Who leaves goes on in the parent: if that was closed, the way up is one step now.
    let handle = handleIfOpen
    if let parent, let handle { _ = parent.handle(through: handle) }
    release(through: handle)
  }

  private func apply(_ metadata: FileMetadata, _ handle: DirectoryHandle?) {
    do throws(IOError) {
      let handle = if let handle { handle } else { try self.handle() }
      RestoreTarget.open(handle.descriptor).apply(
        metadata, over: InitialAttributes(status), context: context
      ) { path() }
    } catch {
      context.report(error)
    }
  }

  /// Lets go of the parent and of the descriptor.
  private func finish() {
    let (handle, slot, _) = state.withLock { ($0.handle, $0.slot, $0.parent.take()) }
    if let handle { context.cache.remove(handle, from: slot) }
    context.pendingDirectories.wrappingSubtract(1, ordering: .releasing)
  }
}

// MARK: Descriptors

extension RestoredDirectory {
  private var handleIfOpen: DirectoryHandle? { rootHandle ?? state.withLock { $0.handle } }

  /// The open directory, opened again from above if it was closed.
  func handle() throws(IOError) -> DirectoryHandle {
    if let handle = handleIfOpen { return handle }
    var closed = [self]
    var next = state.withLock { $0.parent }
    var handle: DirectoryHandle?
    while let directory = next {
      handle = directory.handleIfOpen
      if handle != nil { break }
      closed.append(directory)
      next = directory.state.withLock { $0.parent }
    }
    for directory in closed.reversed() {
      guard let parent = handle, let name = directory.name,
        let opened = directory.open(name.cString, in: parent)
      else {
        throw IOError(
          .changed, operation: "restore into", subject: directory.path(),
          detail: "the directory was moved, removed or replaced meanwhile")
      }
      handle = opened
    }
    return handle!
  }

  /// The open directory, opened again from one of its own directories if it was closed.
  private func handle(through child: DirectoryHandle) -> DirectoryHandle? {
    handleIfOpen ?? open("..", in: child)
  }

  private func open(
    _ name: UnsafePointer<CChar>, in directory: DirectoryHandle
  ) -> DirectoryHandle? {
    guard let descriptor = try? directory.descriptor.openDirectory(name) else { return nil }
    let handle = DirectoryHandle(descriptor, counter: context.counter)
    guard let found = try? descriptor.status(), found.isSameFile(as: status) else { return nil }
    let slot = context.cache.insert(handle)
    state.withLock { state in
      state.handle = handle
      state.slot = slot
    }
    return handle
  }
}

// MARK: Names

extension RestoredDirectory {
  func validate(_ name: RawSpan) throws(IOError) -> EntryName {
    if let name = name.withUnsafeBytes({ EntryName($0) }) { return name }
    throw .invalidName("restore \"\(String(displaying: name))\" in", path())
  }

  /// The path of this directory, or of a name in it, as text for people.
  ///
  /// - Complexity: O(*n*) in the length of the path; for error messages.
  func path(of entry: EntryName? = nil) -> String {
    var names: [[UInt8]] = entry.map { [$0.bytes] } ?? []
    var directory: RestoredDirectory? = self
    while let current = directory {
      if let name = current.name { names.append(name.bytes) }
      directory = current.state.withLock { $0.parent }
    }
    let below = names.reversed().joined(separator: CollectionOfOne(UInt8(ascii: "/")))
    let top = context.path.displayText
    if names.isEmpty { return top }
    return top.hasSuffix("/")
      ? top + String(displaying: below) : top + "/" + String(displaying: below)
  }
}
