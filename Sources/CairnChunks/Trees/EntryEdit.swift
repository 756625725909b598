/// A change of an ``EntryTree``; a batch of them, sorted, makes a new tree of an old one.
///
///     let next = try session.edit(tree, [.remove(oldKey), .set(entry)])
///
/// The new tree is, chunk for chunk, the one that would be built from its entries, unless a
/// ``DeltaPolicy`` has nodes stored as what changed in them. It shares with the old one every node
/// that the changes do not touch, and nodes that are shared are neither read nor written: a change
/// costs the nodes on its path, and a few beside them where the cuts move.
///
/// A host that keeps folders keeps each in a tree of its own and refers to it from an entry of the
/// one above, by a link and ``EntryTree/count`` and so on in the value. A copy of a folder, however
/// large, is then one ``set(_:)``.
public enum EntryEdit: Hashable, Sendable {
  /// Puts an entry in the place of the one that has its key, or where it belongs.
  case set(Entry)
  /// Takes the entry of a key away, if there is one.
  case remove([UInt8])
  /// Takes all entries from a key up to, but without, another away; to the end if that is `nil`.
  case removeRange(from: [UInt8], to: [UInt8]?)
  /// As ``removeRange(from:to:)``, and puts the entries that another tree has in that range in their
  /// place, sharing its nodes.
  case replaceRange(from: [UInt8], to: [UInt8]?, with: EntryTree)

  /// The first key that it concerns.
  public var key: [UInt8] {
    switch self {
    case .set(let entry): entry.key
    case .remove(let key): key
    case .removeRange(let key, _), .replaceRange(let key, _, _): key
    }
  }

  /// The first key behind those that it concerns; `nil` if there is none.
  var end: [UInt8]? {
    switch self {
    case .set(let entry): entry.key + [0]
    case .remove(let key): key + [0]
    case .removeRange(_, let end), .replaceRange(_, let end, _): end
    }
  }
}
