/// What the index says of an entry that was opened, and of the log as a whole under
/// ``NodeKey/root``.
///
/// Stored as a byte with the worst severity, 8 if it is closed, 16 if the children follow; the number
/// of children; the number of entries under it; the offset of the frame that holds its last text, or
/// 0; if it is closed, that of the frame that says so (all varints); and the children, if there are
/// at most ``Child/perPart``.
struct NodeHead: Equatable {
  var worst: Severity = .trace
  var isClosed = false
  var childCount: UInt32 = 0
  /// The number of entries under it.
  var rows: UInt32 = 0
  var textFrame: Int64 = 0
  var closingFrame: Int64 = 0

  private static let closedFlag: UInt8 = 8
  private static let inlineFlag: UInt8 = 16

  /// Whether the head holds the children itself.
  var isInline: Bool { childCount <= UInt32(Child.perPart) }

  init() {}

  init(_ cursor: inout ByteCursor) throws(ByteCursor.Malformed) {
    let flags = try cursor.readByte()
    guard flags & 0xE0 == 0, let worst = Severity(rawValue: flags & 7) else {
      throw ByteCursor.Malformed()
    }
    self.worst = worst
    isClosed = flags & Self.closedFlag != 0
    childCount = try cursor.readUInt32()
    rows = try cursor.readUInt32()
    textFrame = Int64(bitPattern: try cursor.readVarint())
    if isClosed { closingFrame = Int64(bitPattern: try cursor.readVarint()) }
    guard isInline == (flags & Self.inlineFlag != 0), rows >= childCount else {
      throw ByteCursor.Malformed()
    }
  }

  func encode(into bytes: inout [UInt8]) {
    bytes.append(
      worst.rawValue | (isClosed ? Self.closedFlag : 0) | (isInline ? Self.inlineFlag : 0))
    bytes.append(varint: UInt64(childCount))
    bytes.append(varint: UInt64(rows))
    bytes.append(varint: UInt64(textFrame))
    if isClosed { bytes.append(varint: UInt64(closingFrame)) }
  }
}
