import CairnCore
import CairnTree
import Synchronization

/// A file that tells somebody of each write after it was made, who may let it fail all the same.
final class WatchedStorage: PageStorage {
  private let storage: FileStorage
  private let watcher = Mutex<(@Sendable (Int64) throws(IOError) -> Void)?>(nil)

  init(_ storage: FileStorage) {
    self.storage = storage
  }

  func watch(_ watcher: (@Sendable (Int64) throws(IOError) -> Void)?) {
    self.watcher.withLock { $0 = watcher }
  }

  var isReadOnly: Bool { storage.isReadOnly }
  var locks: (any StorageLocks)? { storage.locks }
  var byteCount: Int64 { get throws(IOError) { try storage.byteCount } }

  func read(at offset: Int64, into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    try storage.read(at: offset, into: &buffer)
  }

  func write(_ bytes: RawSpan, at offset: Int64) throws(IOError) {
    try storage.write(bytes, at: offset)
    try watcher.withLock { $0 }?(offset)
  }

  func resize(to byteCount: Int64) throws(IOError) { try storage.resize(to: byteCount) }
  func synchronize() throws(IOError) { try storage.synchronize() }
}
