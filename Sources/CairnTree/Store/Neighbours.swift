import CairnCore

/// The other stores that have the same storage open, in this process or elsewhere, as far as locks
/// tell of them.
///
/// Lock 0 is the writer's. Lock 1 is his, too, while the ``Publication`` counts. Lock 16 + n is
/// shared by all who read what transaction n has left.
///
/// The locks of readers take the place of a table of readers: those of the dead end by themselves.
/// A reader holds *some* reader's lock before it looks what the newest commit is. Its number is not
/// larger than that of any transaction that begins later, and those alone can give up pages of the
/// commit that it finds, so the writer, who looks for the lowest lock before it uses a page again,
/// leaves that commit alone.
struct Neighbours: Sendable {
  let locks: any StorageLocks

  private static let writer: UInt64 = 0
  private static let publisher: UInt64 = 1
  private static let firstReader: UInt64 = 16
  private static let readers = firstReader...firstReader + MetaPage.transactionLimit

  private func checking<Result>(
    _ body: () throws(IOError) -> Result
  ) throws(TreeError) -> Result {
    do throws(IOError) {
      return try body()
    } catch {
      throw .storage("cannot tell who else has the trees open", error)
    }
  }

  // MARK: The writer

  /// Makes this store the one that writes.
  ///
  /// - Throws: ``TreeError``: `.busy` if there is one, and, if wanted, still after a while.
  func lockForWriting(_ whenBusy: WhenBusy) throws(TreeError) -> HeldLock {
    let clock = ContinuousClock()
    let start = clock.now
    var delay = 1_000_000
    let longestDelay = 50_000_000
    while true {
      if let lock = try tryToLockForWriting() { return lock }
      switch whenBusy {
      case .fail:
        throw busy()
      case .wait(let patience):
        if let patience, clock.now - start >= patience { throw busy() }
      }
      pause(nanoseconds: delay)
      delay = min(2 * delay, longestDelay)
    }
  }

  private func busy() -> TreeError {
    TreeError(
      .busy,
      "somebody else has \(locks.name) open for writing; wait until they close it, or open it for "
        + "reading",
      cause: IOError(
        .limit, operation: "lock", subject: locks.name, detail: "it is locked by somebody else"))
  }

  private func tryToLockForWriting() throws(TreeError) -> HeldLock? {
    guard try checking({ () throws(IOError) in try locks.lock(Self.writer, exclusively: true) })
    else { return nil }
    let lock = HeldLock(locks, Self.writer)
    // The locks of one who dies need not end all at once.
    return try isPublishing() ? nil : lock
  }

  /// Lets the publication count.
  func lockForPublishing() throws(TreeError) -> HeldLock {
    guard try checking({ () throws(IOError) in try locks.lock(Self.publisher, exclusively: true) })
    else { throw busy() }
    return HeldLock(locks, Self.publisher)
  }

  // MARK: Readers

  /// Whether somebody else's publication counts.
  func isPublishing() throws(TreeError) -> Bool {
    try checking { () throws(IOError) in
      try locks.lowestLockOfOthers(in: Self.publisher...Self.publisher, exclusively: true) != nil
    }
  }

  func lockForReading(_ transaction: UInt64) throws(TreeError) {
    let isMine = try checking { () throws(IOError) in
      try locks.lock(Self.firstReader + transaction, exclusively: false)
    }
    // Nobody else takes such a lock alone, and this store takes each once.
    guard isMine else { throw busy() }
  }

  func unlockForReading(_ transaction: UInt64) {
    // What is released here cannot be refused; if it is, it ends with the process.
    try? locks.unlock(Self.firstReader + transaction)
  }

  /// The oldest transaction whose result somebody else reads.
  func oldestReader() throws(TreeError) -> UInt64? {
    try checking { () throws(IOError) in
      try locks.lowestLockOfOthers(in: Self.readers, exclusively: false).map {
        $0 - Self.firstReader
      }
    }
  }

  /// Whether somebody else reads anything but what this transaction has left.
  func hasReader(except transaction: UInt64) throws(TreeError) -> Bool {
    let number = Self.firstReader + transaction
    return try checking { () throws(IOError) in
      if number > Self.readers.lowerBound,
        try locks.lowestLockOfOthers(
          in: Self.readers.lowerBound...number - 1, exclusively: false) != nil
      {
        return true
      }
      return try locks.lowestLockOfOthers(
        in: number + 1...Self.readers.upperBound, exclusively: false) != nil
    }
  }
}

/// A lock that is released together with this.
final class HeldLock: Sendable {
  private let locks: any StorageLocks
  private let number: UInt64

  init(_ locks: any StorageLocks, _ number: UInt64) {
    self.locks = locks
    self.number = number
  }

  deinit { try? locks.unlock(number) }
}
