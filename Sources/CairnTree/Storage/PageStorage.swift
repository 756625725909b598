public import CairnCore

/// Where the pages of a ``TreeStore`` live: a row of bytes that can grow.
///
/// - Reading gives what was written last, synchronized or not.
/// - What was written before a ``synchronize()`` that returned survives a power cut. Of what was
///   written since then, any part may survive, in any order, to the byte.
/// - Reads may come from several threads at once, and beside a write to other bytes. Writes and
///   reads of the same bytes are never made at the same time by one store.
/// - An error leaves the bytes that were to be written unspecified, and no others.
/// - A storage belongs to one store for as long as that lives. Where it stands for something that
///   can be opened several times, like a file, ``locks`` keep those stores apart, and what one has
///   written the others read.
///
/// `PageStorageConformance` in CairnTestKit examines a storage of your own.
public protocol PageStorage: AnyObject, Sendable {
  /// Whether nothing can be written.
  var isReadOnly: Bool { get }

  /// Locks that keep other stores off, or `nil`, as by default, if there can be none: then it is
  /// the host who sees to it that there is one store at a time.
  var locks: (any StorageLocks)? { get }

  /// The number of bytes.
  var byteCount: Int64 { get throws(IOError) }

  /// Appends bytes from `offset` on to `buffer` until it is full or the end is reached, or fewer
  /// but at least one, and returns how many.
  func read(at offset: Int64, into buffer: inout OutputRawSpan) throws(IOError) -> Int

  /// Writes all of `bytes` at `offset`. What lies between the end and `offset` becomes zero.
  func write(_ bytes: RawSpan, at offset: Int64) throws(IOError)

  /// Cuts the end off, or appends zeros.
  func resize(to byteCount: Int64) throws(IOError)

  /// Waits until all that was written survives a power cut.
  func synchronize() throws(IOError)
}

extension PageStorage {
  public var locks: (any StorageLocks)? { nil }
}
