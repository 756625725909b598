public import CairnCore
import Synchronization
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Visits everything below some roots in the order of its keys, one entry for each ``next()``.
///
/// An entry's *key* is the components of its path in the snapshot joined by zero bytes: the root's
/// name first, then the names below it. Entries come in the bytewise order of their keys. That is:
/// roots by name, within a directory names by their bytes, and a directory directly before its
/// content. Names are byte strings; they need not be UTF-8.
///
///     var walk = try SortedWalk([WalkRoot("/home/alice/Documents")])
///     while let event = walk.next() {
///       switch event {
///       case .entry: print(walk.status.kind, walk.displayPath(of: walk.key))
///       case .problem(let error): print(error)
///       }
///     }
///
/// No symbolic link is followed, except at a root that asks for it. A directory that the walk has
/// listed is not listed again: what is created meanwhile may be missed, and what is removed
/// meanwhile is reported as a problem.
///
/// ## Resources
///
/// The walk holds the names of the directories on the way to the current entry, 10 bytes and its
/// length for each, and the descriptors of at most ``WalkOptions/openDirectories`` of them. Deeper
/// directories work, to any depth: an upper directory is opened again through ".." of a lower one,
/// and used only if it is still the same directory.
///
/// One thread uses a walk. The ``DirectoryHandle``s that it hands out may go to other threads and
/// outlive it.
///
/// - Complexity: `next()` costs one system call for a file, and five for a directory; sorting *n*
///   names takes O(*n* log *n*).
public struct SortedWalk: ~Copyable {
  /// What ``SortedWalk/next()`` found.
  public enum Event: Sendable {
    /// An entry, described by the walk's properties until the next call.
    case entry
    /// An entry could not be looked at, or a directory not or not wholly listed. Of the walk's
    /// properties only ``SortedWalk/key`` and ``SortedWalk/fileName`` are about it.
    case problem(IOError)
  }

  /// A directory between the root and the current entry.
  private struct Level {
    /// Nil while the directory is closed to save descriptors.
    var handle: DirectoryHandle?
    let device: UInt64
    let inode: UInt64
    /// The length of the directory's own key.
    let keyLength: Int
    var names: NameStack.List
  }

  private let roots: [WalkRoot]
  private let options: WalkOptions
  let counter = HandleCounter()
  private let reader = DirectoryReader()

  /// Which root comes next; the current one is before it.
  private var nextRoot = 0
  /// The file system of the current root.
  private var rootDevice: UInt64 = 0
  /// The directory that holds the current root.
  private var rootParent: DirectoryHandle?
  private var rootList: NameStack.List?
  /// Where the current root's name is in `names`.
  private var rootPosition = 0

  private var levels: [Level] = []
  /// The levels from here on are open.
  private var firstOpen = 0
  private var names = NameStack()
  private var keyBytes = RawBuffer<UInt8>(capacity: 4096)

  /// Where the current name is in `names`.
  private var position = 0
  private var currentStatus: FileStatus?
  /// The directory that was just handed out, to be entered next.
  private var entering: DirectoryHandle?
  /// A problem with the entry that was just handed out.
  private var pending: IOError?

  /// Prepares a walk; nothing is opened yet.
  ///
  /// - Parameter roots: the places to visit, in any order.
  /// - Throws: `invalidPath` if two roots have the same name.
  public init(_ roots: [WalkRoot], options: WalkOptions = WalkOptions()) throws(IOError) {
    precondition(options.openDirectories >= 2, "a walk needs two open directories")
    self.roots = roots.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    self.options = options
    for (root, other) in zip(self.roots, self.roots.dropFirst()) where root.name == other.name {
      throw IOError(
        .invalidPath, operation: "use both \(root.path) and", subject: "\(other.path)",
        detail: "both have the name \(String(displaying: root.name)); give one of them another")
    }
  }
}

// MARK: The current entry

extension SortedWalk {
  /// The key of the current entry, valid until the next call of ``next()``.
  public var key: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = RawSpan(_unsafeStart: keyBytes.start, byteCount: keyBytes.count)
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// Lends ``key`` to `body`.
  public func withKey<Result: ~Copyable, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: keyBytes.start, count: keyBytes.count))
  }

  /// The name of the current entry in ``parent``, valid until the next call of ``next()``.
  ///
  /// It is the last component of ``key``, except at a root, whose name in the snapshot may be
  /// another than that of the file.
  public var fileName: RawSpan {
    @_lifetime(borrow self)
    get {
      let name = names.name(at: position)
      let span = RawSpan(_unsafeStart: UnsafeRawPointer(name), byteCount: strlen(name))
      return _overrideLifetime(span, borrowing: self)
    }
  }

  /// Calls `body` with ``fileName`` as a C string.
  public func withFileName<Result: ~Copyable, Failure>(
    _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(names.name(at: position))
  }

  /// What the file system says about the current entry.
  ///
  /// - Precondition: the last event was an entry.
  public var status: FileStatus {
    guard let currentStatus else { preconditionFailure("the walk is not at an entry") }
    return currentStatus
  }

  /// The directory that holds the current entry; for a root of which it is not known, the root
  /// itself, in which it has the name ".".
  ///
  /// - Precondition: the last event was an entry.
  public var parent: DirectoryHandle {
    guard currentStatus != nil, let parent = levels.last?.handle ?? rootParent else {
      preconditionFailure("the walk is not at an entry")
    }
    return parent
  }

  /// The current entry itself if it is a directory that will be entered.
  public var directory: DirectoryHandle? { entering }

  /// Leaves out what is below the current entry.
  public mutating func skipContent() {
    entering = nil
    pending = nil
  }

  /// The number of directories that the walk and those to whom it gave handles keep open.
  ///
  /// Who collects entries of many directories for later can bound the descriptors in use by this.
  public var openDirectoryCount: Int { counter.value.load(ordering: .relaxed) }

  /// The path in the file system of the entry that has a key, as text for people.
  public func displayPath(of key: RawSpan) -> String {
    WalkRoot.displayPath(of: Array(key), in: roots)
  }
}

// MARK: Walking

extension SortedWalk {
  /// Goes to the next entry, or problem; nil at the end.
  public mutating func next() -> Event? {
    if let problem = pending {
      pending = nil
      return .problem(problem)
    }
    if let directory = entering {
      entering = nil
      if let problem = enter(directory) { return .problem(problem) }
    }
    while true {
      if levels.isEmpty {
        guard nextRoot < roots.count else {
          finish()
          return nil
        }
        return beginRoot()
      }
      let top = levels.count - 1
      keyBytes.truncate(to: levels[top].keyLength)
      if levels[top].names.isEmpty {
        if let problem = leave() { return .problem(problem) }
        continue
      }
      guard let parent = levels[top].handle else {
        preconditionFailure("the current directory is open")
      }
      position = names.take(from: &levels[top].names)
      let name = names.name(at: position)
      keyBytes.append(0)
      UnsafeRawPointer(name).withMemoryRebound(to: UInt8.self, capacity: strlen(name)) {
        keyBytes.append($0, count: strlen(name))
      }
      if let event = visit(name, in: parent, isRoot: false) { return event }
    }
  }

  private mutating func finish() {
    currentStatus = nil
    rootParent = nil
  }

  private mutating func beginRoot() -> Event {
    let root = roots[nextRoot]
    nextRoot += 1
    if let list = rootList { names.pop(list) }
    keyBytes.truncate(to: 0)
    for byte in root.name { keyBytes.append(byte) }
    // The file's name in its directory, unless the path names no such thing.
    var parentPath = root.path
    var list: NameStack.List
    if !root.followsLink, let last = root.path.lastComponent, last.kind == .regular {
      parentPath.removeLastComponent()
      if parentPath.isEmpty { parentPath = "." }
      list = last.withPlatformString { names.push(name: $0) }
    } else {
      list = names.push(name: ".")
    }
    position = names.take(from: &list)
    rootPosition = position
    rootList = list
    do throws(Errno) {
      // Who backs up a home need not be allowed to see who else has one.
      let descriptor = try FileDescriptor.workingDirectory.openToSearch(parentPath.cString)
      let parent = DirectoryHandle(descriptor, counter: counter)
      rootParent = parent
      return visit(names.name(at: position), in: parent, isRoot: true)!
    } catch {
      return .problem(.systemCall("open", root.path.displayText, error))
    }
  }

  /// Looks at a name and makes it the current entry; nil if it is excluded.
  private mutating func visit(
    _ name: UnsafePointer<CChar>, in parent: DirectoryHandle, isRoot: Bool
  ) -> Event? {
    var kind = names.kind(at: position)
    if !isRoot, kind != .unknown, isExcluded(kind) { return nil }
    currentStatus = nil
    let opensUnseen = kind == .directory && !options.staysOnFileSystem
    do throws(Errno) {
      if opensUnseen, let status = try? open(name, in: parent) {
        // The status is that of the open directory: no race, and one call instead of two.
        currentStatus = status
        return .entry
      }
      let status = try parent.descriptor.status(of: name)
      if isRoot { rootDevice = status.device }
      if kind == .unknown {
        kind = status.kind
        if !isRoot, isExcluded(kind) { return nil }
      }
      currentStatus = status
      if status.kind == .directory,
        !options.staysOnFileSystem || status.device == rootDevice
      {
        do throws(Errno) {
          currentStatus = try open(name, in: parent)
        } catch {
          pending = .systemCall("list", displayPath(of: key), error)
        }
      }
      return .entry
    } catch {
      return .problem(.systemCall("look at", displayPath(of: key), error))
    }
  }

  private func isExcluded(_ kind: FileKind) -> Bool {
    options.isExcluded?(key, kind) ?? false
  }

  /// Opens a directory, to be entered next.
  private mutating func open(
    _ name: UnsafePointer<CChar>, in parent: DirectoryHandle
  ) throws(Errno) -> FileStatus {
    let directory = DirectoryHandle(
      try parent.descriptor.openDirectory(name), counter: counter)
    let status = try directory.descriptor.status()
    entering = directory
    return status
  }

  /// Lists the current entry.
  private mutating func enter(_ directory: DirectoryHandle) -> IOError? {
    let (list, reason) = names.push(directory.descriptor, using: reader)
    levels.append(
      Level(
        handle: directory, device: status.device, inode: status.inode,
        keyLength: keyBytes.count, names: list))
    if levels.count - firstOpen > options.openDirectories {
      levels[firstOpen].handle = nil
      firstOpen += 1
    }
    return reason.map { .systemCall("list all of", displayPath(of: key), $0) }
  }

  /// Goes back to the parent of the current directory.
  private mutating func leave() -> IOError? {
    let left = levels.removeLast()
    names.pop(left.names)
    guard let top = levels.indices.last, top < firstOpen else { return nil }
    firstOpen = top
    // Even where no names are left: the directories above are reached through this one.
    if let handle = reopen(top, from: left.handle) {
      levels[top].handle = handle
      return nil
    }
    if levels[top].names.isEmpty { return nil }
    levels[top].names.removeAll()
    keyBytes.truncate(to: levels[top].keyLength)
    return IOError(
      .changed, operation: "list all of", subject: displayPath(of: key),
      detail: "the directory was moved or removed meanwhile")
  }

  /// Opens the directory of a level again: from its child, or else by its names from the root.
  private func reopen(_ level: Int, from child: DirectoryHandle?) -> DirectoryHandle? {
    if let child, let handle = open("..", in: child, expecting: level) { return handle }
    guard var handle = rootParent else { return nil }
    for index in 0...level {
      let next: DirectoryHandle?
      if index == 0 {
        next = open(names.name(at: rootPosition), in: handle, expecting: 0)
      } else {
        let start = levels[index - 1].keyLength + 1
        let name = (start..<levels[index].keyLength).map { CChar(bitPattern: keyBytes.start[$0]) }
        next = open(name + [0], in: handle, expecting: index)
      }
      guard let next else { return nil }
      handle = next
    }
    return handle
  }

  private func open(
    _ name: UnsafePointer<CChar>, in directory: DirectoryHandle, expecting level: Int
  ) -> DirectoryHandle? {
    guard let descriptor = try? directory.descriptor.openDirectory(name) else { return nil }
    let handle = DirectoryHandle(descriptor, counter: counter)
    guard let status = try? descriptor.status(), status.inode == levels[level].inode,
      status.device == levels[level].device
    else { return nil }
    return handle
  }
}
