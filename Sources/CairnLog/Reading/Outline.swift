/// Entries and their children, all of a log or some of them: what a view shows the rows of.
///
/// The children of a node have ordinals from 0. The size of an entry is the number of entries under
/// it, and itself.
protocol Outline: AnyObject {
  func childCount(of node: NodeKey) throws(LogError) -> Int
  /// - Precondition: it has so many.
  func child(_ ordinal: Int, of node: NodeKey) throws(LogError) -> Child
  /// The sizes of its children together.
  func rows(of node: NodeKey) throws(LogError) -> Int
  /// The sizes of its first children together.
  func rows(before ordinal: Int, of node: NodeKey) throws(LogError) -> Int
  /// The child at a row, if the sizes of all are laid out in a row, and the rows before it.
  ///
  /// - Precondition: it has so many rows.
  func ordinal(atRow row: Int, of node: NodeKey) throws(LogError) -> (ordinal: Int, rows: Int)
  /// - Returns: `nil` if the outline does not have it.
  func placeIfShown(of id: UInt32) throws(LogError) -> Place?
}

/// Where an entry is for good.
struct Place: Hashable {
  var parent: NodeKey
  var ordinal: UInt32

  /// Ordered as the places are: by parent, then by ordinal.
  var key: UInt64 { UInt64(parent.number) << 32 | UInt64(ordinal) }

  init(parent: NodeKey, ordinal: UInt32) {
    self.parent = parent
    self.ordinal = ordinal
  }

  init(key: UInt64) {
    parent = NodeKey(number: UInt32(key >> 32))
    ordinal = UInt32(truncatingIfNeeded: key)
  }
}
