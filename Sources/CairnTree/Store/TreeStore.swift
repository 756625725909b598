public import SystemPackage

/// Named trees in one file, or in another ``PageStorage``: ordered maps that also know of each entry
/// how many, and how much weight, come before it.
///
/// One ``WriteTransaction`` at a time changes them; any number of ``ReadTransaction``s see them
/// unchanged meanwhile. It may be used from any thread. Calls read and write the storage and block
/// while they do.
///
/// One store at a time has a file open for writing; others, in any processes, may have it open for
/// reading meanwhile (``TreeStoreOptions/isReadOnly``). Neither waits for the other.
public final class TreeStore: Sendable {
  let core: StoreCore

  /// Opens the trees in a file, which is created if need be.
  ///
  /// - Throws: ``TreeError``: `.busy` if the file is to be written and somebody else has it open for
  ///   writing (see ``TreeStoreOptions/whenBusy``), `.notATree` or `.newerFormat` if something else
  ///   is in it, `.damaged` or `.storage`.
  public convenience init(
    _ path: FilePath, _ options: TreeStoreOptions = TreeStoreOptions()
  ) throws(TreeError) {
    let storage = try FileStorage(path, readOnly: options.isReadOnly)
    try self.init(on: storage, options)
  }

  /// Opens the trees in a storage, which belongs to this store from now on.
  ///
  /// - Throws: ``TreeError`` as for a file.
  public init(
    on storage: any PageStorage, _ options: TreeStoreOptions = TreeStoreOptions()
  ) throws(TreeError) {
    core = try StoreCore(storage, options)
  }

  /// A store of its own that begins as what a transaction sees. The transaction is kept, and not
  /// changed: what is written stays in memory.
  ///
  /// Everything is ``CommitKind/publish``ed there; a checkpoint cannot be made.
  package init(forking transaction: ReadTransaction, cacheBytes: Int) throws(TreeError) {
    core = try StoreCore(forking: transaction, cacheBytes: cacheBytes)
  }

  /// A view of the trees as they are now.
  ///
  /// In a store that is open for reading beside one that writes, in this process or another, it shows
  /// what that one has published to all, or else its last checkpoint.
  ///
  /// - Throws: ``TreeError``: `.storage` or `.damaged` if what others have written cannot be read; in
  ///   a store that writes, nothing.
  public func beginReading() throws(TreeError) -> ReadTransaction { try ReadTransaction(core) }

  /// Begins to change the trees, and waits for the one who does so now.
  ///
  /// Whoever has a transaction open and begins another one on the same thread waits forever.
  ///
  /// - Throws: ``TreeError``: `.readOnly`, or `.failed` after a checkpoint whose synchronization
  ///   failed.
  public func beginWriting() throws(TreeError) -> WriteTransaction {
    _ = try core.beginWriting(waits: true)
    return WriteTransaction(core)
  }

  /// Begins to change the trees, or returns `nil` if somebody else does so now.
  public func beginWritingIfFree() throws(TreeError) -> WriteTransaction? {
    guard try core.beginWriting(waits: false) else { return nil }
    return WriteTransaction(core)
  }

  /// Makes everything that is published durable.
  ///
  /// Waits for the one who writes now. When it returns, the trees survive a power cut as they were
  /// published last.
  ///
  /// - Throws: ``TreeError``. What is published stays so, and it can be tried again unless the
  ///   storage failed to synchronize: then nothing can be written until it is opened again.
  public func checkpoint() throws(TreeError) {
    _ = try core.beginWriting(waits: true)
    defer { core.endWriting() }
    try core.commit(nil, .checkpoint)
  }

  /// Takes the last checkpoint of a storage that is not in use back, for good: it then holds what
  /// the checkpoint before it held.
  ///
  /// For those whose last checkpoint a bad disk has damaged; ``verify(progress:)`` tells.
  ///
  /// - Throws: ``TreeError``: `.notFound` if the checkpoint before it is not there, `.busy` if
  ///   somebody has it open for writing.
  public static func revert(_ storage: any PageStorage) throws(TreeError) {
    guard !storage.isReadOnly else { throw .readOnly() }
    let lock = try storage.locks.map(Neighbours.init)?.lockForWriting(.fail)
    try withExtendedLifetime(lock) { () throws(TreeError) in try Recovery.revert(storage) }
  }
}
