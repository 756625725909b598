/// What somebody who opens a repository may do.
///
/// It is a matter of keys, not of good behaviour: a writer does not hold what opens packs, and a
/// reader does not hold what signs. The page <doc:ThreatModel> says what that keeps from whom.
public enum Capability: String, Sendable, Hashable, Codable, CaseIterable {
  /// Everything: reads, writes, adds and removes ways in.
  case owner
  /// Stores and publishes, finds out what is stored already, and lists what it published itself.
  /// Opens nothing.
  case writer
  /// Reads everything. What it writes, nobody accepts.
  case reader
}
