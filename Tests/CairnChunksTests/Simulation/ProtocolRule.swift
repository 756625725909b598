import Testing

/// A rule that a simulated party can break, to see that the simulation notices.
enum ProtocolRule: String, CaseIterable, Sendable, CustomTestStringConvertible {
  /// A session announces itself before it looks at what is condemned.
  case beginThenLook
  /// A session treats condemned packs as absent.
  case heedCondemned
  /// A session lists the packs after the condemnations.
  case listPacksLast
  /// A session says that it ended after it has published, not before.
  case endLast
  /// A session looks for a revocation after it has published.
  case lookForRevocation
  /// A session announces what it builds on, and collectors heed that.
  case announceBase
  /// A collector announces a condemnation before it looks at the sessions.
  case condemnThenLook
  /// A collector waits for sessions that do not know of the condemnation.
  case waitForSessions
  /// A collector marks again after it has waited.
  case markAgain
  /// What other collectors condemned counts as absent.
  case heedOthers
  /// A collector lists the packs after the others' condemnations.
  case listPacksAfterOthers
  /// A session is revoked before its roots are listed.
  case revokeThenList
  /// A session that does not end is closed before a collector goes on.
  case closeThenGoOn
  /// Readers, collectors and sessions pass over roots that a closing does not name.
  case countOnlyNamed
  /// A condemnation is lifted after the packs are deleted.
  case liftLast
  /// Nobody lifts another's condemnation while one of its packs is there.
  case liftOwn

  var testDescription: String { rawValue }

  /// Those that one schedule in some hundred needs; the others need thousands.
  static let often: [ProtocolRule] = [
    .heedCondemned, .endLast, .lookForRevocation, .condemnThenLook, .waitForSessions, .markAgain,
    .heedOthers, .revokeThenList, .closeThenGoOn, .countOnlyNamed, .liftLast,
  ]
}
