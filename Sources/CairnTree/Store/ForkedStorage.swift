import CairnCore

/// The pages that a transaction sees, and behind them, in memory, those that are made of them.
///
/// Trees are changed by writing pages elsewhere, so those that the transaction sees stay as they
/// are.
final class ForkedStorage: PageStorage {
  private let base: ReadTransaction
  private let added = MemoryStorage()
  /// Where the pages that the transaction sees end.
  private let end: Int64
  let isReadOnly = false

  init(_ base: ReadTransaction) {
    self.base = base
    end = Int64(base.snapshot.pageCount) * Int64(base.cache.pageSize)
  }

  var byteCount: Int64 { end + added.byteCount }

  func read(at offset: Int64, into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    offset < end
      ? try base.core.storage.read(at: offset, into: &buffer)
      : added.read(at: offset - end, into: &buffer)
  }

  func write(_ bytes: RawSpan, at offset: Int64) throws(IOError) {
    try check(offset)
    added.write(bytes, at: offset - end)
  }

  func resize(to byteCount: Int64) throws(IOError) {
    try check(byteCount)
    added.resize(to: byteCount - end)
  }

  func synchronize() {}

  private func check(_ offset: Int64) throws(IOError) {
    guard offset >= end else {
      throw IOError(
        .limit, operation: "write to", subject: "trees in memory",
        detail: "what they were made of is another's; publish instead of making a checkpoint")
    }
  }
}
