import CairnCore
import CairnTree

/// A random sequence of commits, the same each time for the same seed, and what each leaves.
struct CommitSequence {
  let seed: UInt64
  var rounds = 9
  /// The most changes of a commit; few make for few writes between synchronizations.
  var changes = 60
  var publishesToAll = false

  static let pageSize = 4096

  var options: TreeStoreOptions {
    TreeStoreOptions(pageSize: Self.pageSize, cacheBytes: 0, publishesToAll: publishesToAll)
  }

  /// Makes the commits, one store for all of them.
  ///
  /// - Parameter body: is told of each commit that returned, and of each that failed, after which
  ///   it says whether to try the same again.
  func run(
    on storage: any PageStorage,
    _ body: (TreeStore, TreeModel, CommitKind, TreeError?) throws -> Bool
  ) throws {
    try run(TreeStore(on: storage, options), body)
  }

  private func run(
    _ store: TreeStore, _ body: (TreeStore, TreeModel, CommitKind, TreeError?) throws -> Bool
  ) throws {
    var random = SeededRandom(seed)
    var model = TreeModel()
    for round in 0..<rounds {
      let before = random
      let kind: CommitKind = round % 3 == 1 ? .publish : .checkpoint
      while true {
        random = before
        var changed = model
        do throws(TreeError) {
          try commit(kind, store, &changed, &random)
        } catch {
          if try body(store, model, kind, error) { continue }
          return
        }
        model = changed
        if try !body(store, model, kind, nil) { return }
        break
      }
    }
  }

  private func commit(
    _ kind: CommitKind, _ store: TreeStore, _ model: inout TreeModel, _ random: inout SeededRandom
  ) throws(TreeError) {
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions(isWeighted: true))
    for _ in 0..<changes {
      let key = random.bytes(Int(random.next() % 3) + 1)
      if random.next() % 3 == 0, !model.entries.isEmpty {
        let key = model.entries[Int(random.next() % UInt64(model.entries.count))].key
        try tree.remove(key.span.bytes)
        model.remove(key)
      } else {
        let length = random.next() % 30 == 0 ? 6000 : Int(random.next() % 400)
        let entry = TreeEntry(key: key, value: random.bytes(length), weight: random.next() % 9)
        try tree.put(key.span.bytes, entry.value.span.bytes, weight: entry.weight)
        model.put(entry)
      }
    }
    try writing.commit(kind)
  }

  /// The states of all checkpoints of an undisturbed run, the empty one included, and the number of
  /// calls and of changes that it makes.
  func undisturbed(
    on storage: any PageStorage
  ) throws -> [TreeModel] {
    var states = [TreeModel()]
    try run(on: storage) { _, model, kind, error in
      if kind == .checkpoint { states.append(model) }
      return error == nil
    }
    return states
  }

  /// What is in a storage, after every page of it was examined.
  static func state(_ store: TreeStore) throws -> TreeModel {
    if let problem = try store.verify().problems.first {
      throw TreeError(.damaged, problem.message, page: problem.page)
    }
    var model = TreeModel()
    guard let tree = try store.beginReading().treeIfExists("t") else { return model }
    for entry in try tree.entries(in: 0..<(try tree.count)) { model.put(entry) }
    return model
  }

  static func state(_ bytes: [UInt8]) throws -> TreeModel {
    try state(
      TreeStore(
        on: MemoryStorage(bytes), TreeStoreOptions(pageSize: pageSize, cacheBytes: 0)))
  }
}
