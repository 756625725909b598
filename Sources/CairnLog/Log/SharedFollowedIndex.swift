import Synchronization

/// A ``FollowedIndex`` for any threads, one at a time.
final class SharedFollowedIndex: @unchecked Sendable {
  // Sendable: `index` is used only while `lock` is held; a snapshot that it makes shares nothing with
  // it that is not Sendable.
  private let index: FollowedIndex
  private let lock = Mutex<Void>(())

  init(_ index: FollowedIndex) {
    self.index = index
  }

  func snapshot() throws(LogError) -> LogSnapshot {
    try lock.withLock { (_) throws(LogError) in try UncheckedSendable(index.snapshot()) }.value
  }

  func byteCount() throws(LogError) -> Int64 {
    try lock.withLock { (_) throws(LogError) in try index.byteCount }
  }

  func verify() throws(LogError) -> [String] {
    try lock.withLock { (_) throws(LogError) in try index.verify() }
  }
}

/// What is handed out of a lock, and nobody else has.
private struct UncheckedSendable<Value>: @unchecked Sendable {
  // Sendable: made in the lock, and used by who has taken it only.
  let value: Value

  init(_ value: Value) {
    self.value = value
  }
}
