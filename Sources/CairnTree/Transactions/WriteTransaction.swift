import CairnCore
import Synchronization

/// Changes to the trees, which readers see all at once when they are committed, or never.
///
/// Used by one thread at a time. There is one at a time for each store. Released without having been
/// committed, it is rolled back. After an error of the storage, or of damage, nothing more can be
/// done in it, and it is rolled back.
public final class WriteTransaction {
  let core: StoreCore
  let catalogue: TreeWriter
  private var nextTree: UInt32
  /// The trees that were opened, and what the catalogue says of each.
  private var trees: [String: (writer: TreeWriter, stored: TreeRecord?)] = [:]
  private(set) var isOver = false
  private var context: WriteContext { core.writing.context }

  /// The caller is the writer.
  init(_ core: StoreCore) {
    self.core = core
    let snapshot = core.visible.withLock { $0.snapshot }
    catalogue = TreeWriter(core.writing.context, snapshot.catalogue, core.catalogueLayout)
    nextTree = snapshot.nextTree
  }

  deinit { rollBack() }

  /// Runs a change, after whose failure nothing more is done.
  func change<Result>(_ body: () throws(TreeError) -> Result) throws(TreeError) -> Result {
    guard !isOver else { throw .ended() }
    do throws(TreeError) {
      return try body()
    } catch {
      if error.code != .invalid { rollBack() }
      throw error
    }
  }

  // MARK: Trees

  /// The names of all trees in bytewise order.
  public var treeNames: [String] {
    get throws(TreeError) {
      guard !isOver else { throw .ended() }
      var names = Set(try Catalogue.names(in: catalogue.root))
      for (name, open) in trees where open.stored == nil { names.insert(name) }
      return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
  }

  /// The tree of that name, for changes.
  ///
  /// - Parameter options: of a tree that is to be created if there is none; of one that is there
  ///   they must be the same.
  /// - Throws: ``TreeError``: `.notFound` if there is none and no options are given, `.invalid` if it
  ///   has other options.
  public func tree(
    _ name: String, creating options: TreeOptions? = nil
  ) throws(TreeError) -> WritableTree {
    guard !isOver else { throw .ended() }
    let writer: TreeWriter
    if let open = trees[name] {
      writer = open.writer
    } else if let record = try Catalogue.find(name, in: catalogue.root) {
      let layout = try Catalogue.layout(record, pageSize: context.pageSize)
      writer = TreeWriter(context, record, layout)
      trees[name] = (writer, record)
    } else if let options {
      writer = try create(name, options)
    } else {
      throw TreeError(.notFound, "there is no tree named \(String(displaying: name.utf8))")
    }
    let tree = WritableTree(transaction: self, writer: writer)
    if let options, tree.options != options {
      throw .invalid(
        "the tree \(String(displaying: name.utf8)) has other widths or weights than asked for")
    }
    return tree
  }

  private func create(_ name: String, _ options: TreeOptions) throws(TreeError) -> TreeWriter {
    _ = try Catalogue.key(name)
    guard
      let layout = Layout(
        keyWidth: options.keyWidth ?? -1, valueWidth: options.valueWidth ?? -1,
        isWeighted: options.isWeighted, pageSize: context.pageSize),
      options.keyWidth.map({ $0 > 0 }) ?? true, options.valueWidth.map({ $0 >= 0 }) ?? true
    else {
      throw .invalid(
        "a tree's keys have a fixed width of 1 to \(Layout.maximumKeyLength) bytes or none, its "
          + "values one only with the keys, and together at most \(Layout.maximumFixedRecord) bytes"
      )
    }
    guard nextTree < .max else { throw .invalid("no more trees can be created in this file") }
    let record = TreeRecord(layoutWord: layout.word, id: nextTree)
    nextTree += 1
    let writer = TreeWriter(context, record, layout)
    trees[name] = (writer, nil)
    return writer
  }

  /// Removes a tree with all its entries.
  ///
  /// - Throws: ``TreeError``: `.notFound` if there is none.
  public func drop(_ name: String) throws(TreeError) {
    let tree = try tree(name)
    try change { () throws(TreeError) in
      try tree.writer.removeAll()
      tree.writer.isOver = true
      trees[name] = nil
      let key = try Catalogue.key(name)
      _ = try key.span.bytes.lend { (key) throws(TreeError) in try catalogue.remove(key) }
    }
  }

  // MARK: The end

  /// Makes the changes visible, all at once, and durable if asked for.
  ///
  /// - Throws: ``TreeError``. The trees are as they were before this transaction then, and it can be
  ///   made again, for instance when the disk is not full any more. Only if the storage failed to
  ///   write the checkpoint itself, or to synchronize, can nothing be written until it is opened
  ///   again: then the last checkpoint or this one, whole, is there.
  public func commit(_ kind: CommitKind = .publish) throws(TreeError) {
    try change { () throws(TreeError) in
      for name in trees.keys.sorted() {
        guard let open = trees[name] else { continue }
        open.writer.release()
        let record = open.writer.record
        if record != open.stored { try store(name, record) }
      }
      catalogue.release()
      if let failure = core.cache.failure.withLock({ $0 }) { throw failure }
      let isChanged =
        catalogue.changes > 0 || trees.values.contains { $0.writer.changes > 0 }
      try core.commit(isChanged ? (catalogue.record, nextTree) : nil, kind)
    }
    isOver = true
    trees = [:]
    core.endWriting()
  }

  private func store(_ name: String, _ record: TreeRecord) throws(TreeError) {
    let (key, value) = (Array(name.utf8), Catalogue.value(record))
    _ = try key.span.bytes.lend { (key) throws(TreeError) in
      try value.span.bytes.lend { (value) throws(TreeError) in
        try catalogue.put(key, value, weight: 0, .insertOrUpdate)
      }
    }
  }

  /// Undoes all changes and ends the transaction.
  public func rollBack() {
    guard !isOver else { return }
    isOver = true
    for open in trees.values { open.writer.abandon() }
    trees = [:]
    catalogue.abandon()
    core.rollBack()
    core.endWriting()
  }
}
