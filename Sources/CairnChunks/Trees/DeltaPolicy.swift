/// When a node of an ``EntryTree`` that is made from an older tree is stored as a delta: as what
/// differs between it and a node of that tree, its base.
///
/// A delta is at most a quarter of its node. It keeps its base stored, and with that what the base
/// has and the node has not: entries that were replaced or removed, and the chunks that they need.
/// So a policy says how much of that may be kept although nobody can reach it.
///
/// The entries of a tree are the same whatever the policy; its ``EntryTree/root`` is not.
public enum DeltaPolicy: Hashable, Sendable {
  /// Every node is written out: trees of the same entries are the same, chunk for chunk.
  case none
  /// Leaves, where what is left out has no links or weighs no more than this together: for hosts
  /// whose weights are sizes in bytes, and who delete old trees.
  case leaves(unreachableWeight: UInt64)
  /// Nodes on all levels, whatever is left out: for hosts who keep the old trees too, as a history
  /// does.
  case all
}
