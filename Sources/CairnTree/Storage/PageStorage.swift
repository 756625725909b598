public import CairnCore

/// Where the pages of a ``TreeStore`` live: a row of bytes that can grow.
///
/// - Reading gives what was written last, synchronized or not.
/// - What was written before a ``synchronize()`` that returned survives a power cut. Of what was
///   written since then, any part may survive, in any order, to the byte.
/// - Reads may come from several threads at once, and beside a write to other bytes. Writes and
///   reads of the same bytes are never made at the same time by one store.
/// - An error leaves the bytes that were to be written unspecified, and no others.
public protocol PageStorage: AnyObject, Sendable {
  /// Whether nothing can be written.
  var isReadOnly: Bool { get }

  /// The number of bytes.
  var byteCount: Int64 { get throws(IOError) }

  /// Appends bytes from `offset` on to `buffer` until it is full or the end is reached, and returns
  /// how many.
  func read(at offset: Int64, into buffer: inout OutputRawSpan) throws(IOError) -> Int

  /// Writes all of `bytes` at `offset`. What lies between the end and `offset` becomes zero.
  func write(_ bytes: RawSpan, at offset: Int64) throws(IOError)

  /// Cuts the end off, or appends zeros.
  func resize(to byteCount: Int64) throws(IOError)

  /// Waits until all that was written survives a power cut.
  func synchronize() throws(IOError)
}
