/// What a list of children says of each.
///
/// Stored as the difference of its key from that of the child before it, or from its parent's (a
/// varint); a byte with the worst severity under it and 8 if it was opened; and, if it was, the
/// number of entries under it and itself (a varint).
struct Child: Equatable {
  var id: UInt32
  /// The number of entries under it, and itself.
  var size: UInt32
  /// The worst severity of all these.
  var worst: Severity
  /// Whether it can, or could, have children.
  var isNode: Bool

  /// How many children one part of a list holds, so that a part fits into a page of the tree several
  /// times, and finding one among them takes less than a microsecond.
  static let perPart = 128

  private static let nodeFlag: UInt8 = 8

  static func encode(_ children: [Child], of parent: NodeKey, into bytes: inout [UInt8]) {
    var previous = parent.number
    for child in children {
      let key = NodeKey(id: child.id).number
      bytes.append(varint: UInt64(key - previous))
      previous = key
      bytes.append(child.worst.rawValue | (child.isNode ? nodeFlag : 0))
      if child.isNode { bytes.append(varint: UInt64(child.size)) }
    }
  }

  /// Reads as many children as said.
  static func decode(
    _ cursor: inout ByteCursor, count: Int, of parent: NodeKey
  ) throws(ByteCursor.Malformed) -> [Child] {
    guard count <= perPart, count <= cursor.remaining else { throw ByteCursor.Malformed() }
    var children: [Child] = []
    children.reserveCapacity(count)
    var previous = parent.number
    for _ in 0..<count {
      let (key, overflows) = previous.addingReportingOverflow(try cursor.readUInt32())
      guard !overflows, key > previous else { throw ByteCursor.Malformed() }
      previous = key
      let flags = try cursor.readByte()
      let isNode = flags & nodeFlag != 0
      guard flags & 0xF0 == 0, let worst = Severity(rawValue: flags & 7) else {
        throw ByteCursor.Malformed()
      }
      let size = isNode ? try cursor.readUInt32() : 1
      guard size > 0 else { throw ByteCursor.Malformed() }
      children.append(
        Child(id: NodeKey(number: key).id, size: size, worst: worst, isNode: isNode))
    }
    return children
  }
}
