import CairnCore

/// The trees as they were when this was made, for as long as it is kept.
///
/// It may be used from any threads at the same time. While it exists, pages that it sees are not
/// used again, by writers in other processes neither, so a file that is written meanwhile grows. It
/// keeps nothing from being written.
public final class ReadTransaction: Sendable {
  let core: StoreCore
  let snapshot: Snapshot
  let cache: PageCache

  init(_ core: StoreCore) throws(TreeError) {
    self.core = core
    (snapshot, cache) = try core.enter()
  }

  deinit { core.leave(snapshot.transaction) }

  private var catalogue: TreeRoot {
    root(snapshot.catalogue, core.catalogueLayout)
  }

  private func root(_ record: TreeRecord, _ layout: Layout) -> TreeRoot {
    TreeRoot(
      cache: cache, record: record, layout: layout, transaction: snapshot.transaction,
      pageCount: snapshot.pageCount)
  }

  /// The number of the transaction that was published last, when this one began.
  ///
  /// It grows, and no two states have the same. Only after a crash, which falls back to the last
  /// checkpoint, is it that one's again.
  public var number: UInt64 { snapshot.transaction }

  /// Whether a writer elsewhere showed this state when the transaction began, which is newer than
  /// any checkpoint of his, or as new.
  package var isShownByWriter: Bool { snapshot.isPublication }

  /// The names of all trees in bytewise order.
  public var treeNames: [String] {
    get throws(TreeError) { try Catalogue.names(in: catalogue) }
  }

  /// The tree of that name.
  ///
  /// - Throws: ``TreeError``: `.notFound` if there is none.
  public func tree(_ name: String) throws(TreeError) -> ReadableTree {
    guard let tree = try treeIfExists(name) else {
      throw TreeError(.notFound, "there is no tree named \(String(displaying: name.utf8))")
    }
    return tree
  }

  /// The tree of that name, or `nil` if there is none.
  public func treeIfExists(_ name: String) throws(TreeError) -> ReadableTree? {
    guard let record = try Catalogue.find(name, in: catalogue) else { return nil }
    let layout = try Catalogue.layout(record, pageSize: cache.pageSize)
    return ReadableTree(transaction: self, root: root(record, layout))
  }
}

/// A tree that does not change. It keeps its transaction.
public struct ReadableTree: OrderedTree, Sendable {
  let transaction: ReadTransaction
  public let root: TreeRoot

  /// How its entries are stored.
  public var options: TreeOptions { root.layout.options }
}
