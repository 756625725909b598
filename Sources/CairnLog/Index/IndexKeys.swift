import CairnTree

/// The trees of the index.
enum IndexTree {
  /// ``NodeKey`` and 0: a ``NodeHead``; and 1 and more: children that it does not hold itself. The
  /// weight is the number of entries under the node that are reached through the children in it.
  static let nodes = "nodes"
  static let nodeOptions = TreeOptions(keyWidth: 8, isWeighted: true)
  /// The id of the first entry of a frame: the frame's offset.
  static let frames = "frames"
  static let frameOptions = TreeOptions(keyWidth: 4, valueWidth: 8)
  /// The keys of the nodes that are open.
  static let open = "open"
  static let openOptions = TreeOptions(keyWidth: 4, valueWidth: 0)
  /// A depth: how many entries of it were opened.
  static let depths = "depths"
  static let depthOptions = TreeOptions(keyWidth: 4, valueWidth: 8)
  /// The number of a name: the name.
  static let names = "names"
  static let nameOptions = TreeOptions(keyWidth: 4)
  /// An ``IndexState`` under the empty key.
  static let state = "state"
  static let stateOptions = TreeOptions()
}

/// Lends a number as a key that is ordered as numbers are.
@inline(__always)
func withKey<Number: FixedWidthInteger & BitwiseCopyable, Result>(
  _ number: Number, _ body: (RawSpan) throws(TreeError) -> Result
) throws(TreeError) -> Result {
  try withUnsafeBytes(of: number.bigEndian) { (bytes) throws(TreeError) in
    try body(RawSpan(_unsafeBytes: bytes))
  }
}

/// A number in the form that ``withKey(_:_:)`` gives it.
func number<Number: FixedWidthInteger & BitwiseCopyable>(
  inKey key: RawSpan, as type: Number.Type
) -> Number {
  guard key.byteCount == MemoryLayout<Number>.size else { return 0 }
  return Number(bigEndian: key.unsafeLoadUnaligned(as: type))
}

/// Where in the tree of nodes a part of a node's children is.
@inline(__always)
func nodePart(_ node: NodeKey, _ part: UInt32) -> UInt64 {
  UInt64(node.number) << 32 | UInt64(part)
}

/// How much of the log an index covers.
struct IndexState: Equatable {
  static let byteCount = 24

  /// The log's.
  var identity: UInt64
  /// The offset of the first frame that it does not cover.
  var end: Int64
  var entryCount: UInt32
  var nameCount: UInt32

  init(identity: UInt64, end: Int64, entryCount: UInt32, nameCount: UInt32) {
    self.identity = identity
    self.end = end
    self.entryCount = entryCount
    self.nameCount = nameCount
  }

  init?(_ bytes: RawSpan) {
    guard bytes.byteCount == Self.byteCount else { return nil }
    identity = UInt64(littleEndian: bytes.unsafeLoadUnaligned(as: UInt64.self))
    end = Int64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: Int64.self))
    entryCount = UInt32(
      littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 16, as: UInt32.self))
    nameCount = UInt32(
      littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 20, as: UInt32.self))
    guard end >= Int64(LogHeader.byteCount), entryCount <= EntryID.maximum.number + 1 else {
      return nil
    }
  }

  var encoded: [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeBytes(of: identity.littleEndian) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: end.littleEndian) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: entryCount.littleEndian) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: nameCount.littleEndian) { bytes.append(contentsOf: $0) }
    return bytes
  }
}
