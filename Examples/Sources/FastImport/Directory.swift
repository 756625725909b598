import CairnChunks

/// A directory that is being changed: the stored tree, and what became of some of its names.
///
/// Memory: what changed since it was last written.
final class Directory {
  private var stored: EntryTree
  /// The object that `stored` is, once it is known.
  private var object: StoredObject?
  private var changes: [[UInt8]: Change] = [:]

  /// What became of a name.
  enum Change {
    case absent
    /// An object by its number, which takes less memory than what the number stands for.
    case object(Mode, UInt32)
    case submodule(ObjectID)
    case directory(Directory)
  }

  init(_ object: StoredObject) {
    stored = object.tree
    self.object = object
  }

  /// Makes it the directory that another is, whatever was changed in it.
  func replace(by object: StoredObject) {
    stored = object.tree
    self.object = object
    changes.removeAll()
  }

  private func change(_ name: [UInt8], _ store: ObjectStore) throws -> Change {
    if let change = changes[name] { return change }
    for isDirectory in [true, false] {
      let key = TreeItem.key(name, isDirectory: isDirectory)
      guard let entry = try store.session.entry(key, in: stored) else { continue }
      return try Self.change(to: try TreeItem(entry), store)
    }
    return .absent
  }

  static func change(to item: TreeItem, _ store: ObjectStore) throws -> Change {
    guard let object = item.object else { return .submodule(item.id) }
    return .object(item.mode, try store.objects.add(object))
  }

  /// The directory of that name, to be changed; `nil` if there is none.
  private func subdirectory(_ name: [UInt8], _ store: ObjectStore) throws -> Directory? {
    let object: StoredObject?
    switch changes[name] {
    case .directory(let directory): return directory
    case .object(.directory, let number): object = try store.objects.object(number)
    case .object, .submodule, .absent: return nil
    case nil:
      let key = TreeItem.key(name, isDirectory: true)
      object = try store.session.entry(key, in: stored).map(TreeItem.init)?.object
    }
    guard let object else { return nil }
    let directory = Directory(object)
    changes[name] = .directory(directory)
    return directory
  }

  /// Puts something at a path, in the place of what is there or in its way.
  ///
  /// - Precondition: the path has a component.
  func set(_ path: ArraySlice<[UInt8]>, to change: Change, _ store: ObjectStore) throws {
    guard let name = path.first else { preconditionFailure("the root is replaced as a whole") }
    if path.count == 1 {
      // An empty directory is none.
      if case .object(.directory, let number) = change,
        try store.objects.object(number).size == 0
      {
        return changes[name] = .absent
      }
      return changes[name] = change
    }
    let directory: Directory
    if let found = try subdirectory(name, store) {
      directory = found
    } else {
      directory = Directory(try store.emptyTree())
      changes[name] = .directory(directory)
    }
    try directory.set(path.dropFirst(), to: change, store)
  }

  /// Takes away what is at a path, if anything is; directories that become empty go with it.
  func remove(_ path: ArraySlice<[UInt8]>, _ store: ObjectStore) throws {
    guard let name = path.first else { preconditionFailure("the root is replaced as a whole") }
    if path.count == 1 { return changes[name] = .absent }
    try subdirectory(name, store)?.remove(path.dropFirst(), store)
  }

  /// What is at a path; a directory is written first.
  func item(_ path: ArraySlice<[UInt8]>, _ store: ObjectStore) throws -> TreeItem? {
    guard let name = path.first else { return TreeItem(.directory, try write(store)) }
    switch try change(name, store) {
    case .absent: return nil
    case .directory(let directory):
      let found = try directory.item(path.dropFirst(), store)
      // Git has no empty directories below the root.
      return path.count == 1 && found?.object?.size == 0 ? nil : found
    case .submodule(let commit): return path.count == 1 ? TreeItem(submodule: commit) : nil
    case .object(let mode, let number):
      let object = try store.objects.object(number)
      if path.count == 1 { return TreeItem(mode, object) }
      return try mode == .directory ? Directory(object).item(path.dropFirst(), store) : nil
    }
  }

  /// Stores what changed, and returns the directory as an object. What it was before stays stored, as
  /// the tree of an earlier commit, so the new nodes can be what differs from it.
  func write(_ store: ObjectStore) throws -> StoredObject {
    if changes.isEmpty, let object { return object }
    var edits: [EntryEdit] = []
    for (name, change) in changes {
      var item: TreeItem?
      switch change {
      case .absent: break
      case .submodule(let commit): item = TreeItem(submodule: commit)
      case .object(let mode, let number):
        item = TreeItem(mode, try store.objects.object(number))
      case .directory(let directory):
        let object = try directory.write(store)
        item = object.size > 0 ? TreeItem(.directory, object) : nil
      }
      for isDirectory in [false, true] {
        if let item, (item.mode == .directory) == isDirectory {
          edits.append(.set(item.entry(name)))
        } else {
          edits.append(.remove(TreeItem.key(name, isDirectory: isDirectory)))
        }
      }
    }
    edits.sort { $0.key.lexicographicallyPrecedes($1.key) }
    let written = try store.addTree(stored, edits)
    replace(by: written)
    return written
  }
}
