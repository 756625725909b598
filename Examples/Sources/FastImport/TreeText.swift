import CairnChunks
import CairnCore

/// A directory as git writes it, hashed as its entries come, in their order.
struct TreeText {
  private let hash: ObjectHash
  private var buffer: BinaryWriter
  /// The bytes that are still to come.
  private var left: UInt64

  private static let bufferSize = 64 << 10

  /// - Parameter byteCount: its length.
  init(byteCount: UInt64, _ hash: ObjectHash) {
    self.hash = hash
    left = byteCount
    buffer = BinaryWriter(reserving: Int(min(byteCount, UInt64(Self.bufferSize))))
    hash.state.start(.tree, byteCount: byteCount)
  }

  /// Appends the entry that is set, if one is.
  mutating func append(_ edit: EntryEdit) throws {
    guard case .set(let entry) = edit else { return }
    try append(key: entry.key.span.bytes, value: entry.value.span.bytes)
  }

  /// - Throws: if the value is not that of a ``TreeItem``.
  mutating func append(key: RawSpan, value: RawSpan) throws {
    guard value.byteCount >= 2 + ObjectID.byteCount,
      let mode = Mode(
        rawValue: value.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt16.self).littleEndian),
      mode != .directory || key.byteCount > 0
    else { throw ImportError("an entry of a directory is damaged") }
    buffer.append(mode.octal.utf8)
    buffer.append(Byte.space)
    buffer.append(key.extracting(0..<key.byteCount - (mode == .directory ? 1 : 0)))
    buffer.append(UInt8(0))
    buffer.append(value.extracting(2..<2 + ObjectID.byteCount))
    if buffer.count >= Self.bufferSize { try hashBuffer() }
  }

  private mutating func hashBuffer() throws {
    guard UInt64(buffer.count) <= left else { throw Self.damaged() }
    left -= UInt64(buffer.count)
    hash.state.update(buffer.bytes.span.bytes)
    buffer.removeAll()
  }

  /// The directory's id.
  ///
  /// - Throws: if it has another length than was said.
  mutating func finish() throws -> ObjectID {
    try hashBuffer()
    guard left == 0 else { throw Self.damaged() }
    return hash.state.finish()
  }

  private static func damaged() -> ImportError {
    ImportError("the weights of a directory's entries are damaged")
  }
}
