import CairnChunks

/// Makes objects known that an earlier import stored.
enum History {
  /// Adds an object, and what it leads to in one step: a commit's tree, the object with a tag.
  @discardableResult
  static func add(_ object: StoredObject, to store: ObjectStore) throws -> UInt32 {
    if let known = store.objects.number(of: object.id) { return known }
    guard object.kind == .commit || object.kind == .tag else {
      return try store.objects.add(object)
    }
    var object = object
    object.target = try add(try StoredText(object, store.session).target, to: store)
    return try store.objects.add(object)
  }

  /// Adds all that is reached from some objects: for a stream that names them by their ids.
  static func addAll(from refs: [StoredObject], to store: ObjectStore) throws {
    var waiting = refs
    // Commits and tags were perhaps added without what is below them.
    var seen: Set<UInt32> = []
    var seenTrees: Set<ObjectID> = []
    while let object = waiting.popLast() {
      let number = try add(object, to: store)
      switch object.kind {
      case .blob: break
      case .tree:
        guard seenTrees.insert(object.id).inserted else { continue }
        try store.session.forEachEntry(of: object.tree) { entry in
          if let child = try TreeItem(entry.entry).object { waiting.append(child) }
          return true
        }
      case .commit, .tag:
        guard seen.insert(number).inserted else { continue }
        let text = try StoredText(object, store.session)
        waiting.append(text.target)
        if object.kind == .commit { waiting += try text.parentObjects() }
      }
    }
  }
}
