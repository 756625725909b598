/// What is known about a type of stanza, from C2SP age.md and from the plugins in wide use.
struct RecipientKind {
  enum Strength {
    case classic, postQuantum, unknown
    /// Opens for nobody, so it does not count.
    case none
  }

  /// In words.
  let name: String
  let strength: Strength

  init(stanzaType: String) {
    // age.md has implementations add such stanzas, so that all learn to pass over what they do not
    // know.
    if stanzaType.hasSuffix("-grease") {
      (name, strength) = ("nobody (filler, to be passed over)", .none)
    } else {
      (name, strength) = Self.known[stanzaType] ?? ("a key of an unknown kind", .unknown)
    }
  }

  private static let known: [String: (String, Strength)] = [
    "X25519": ("an age key (age1…)", .classic),
    "scrypt": ("a passphrase", .postQuantum),
    "ssh-ed25519": ("an SSH key (Ed25519)", .classic),
    "ssh-rsa": ("an SSH key (RSA)", .classic),
    "mlkem768x25519": ("a post-quantum age key (age1pq1…)", .postQuantum),
    "p256tag": ("a hardware key (age1tag1…)", .classic),
    "mlkem768p256tag": ("a post-quantum hardware key (age1tagpq1…)", .postQuantum),
    "piv-p256": ("a YubiKey (age1yubikey1…)", .classic),
  ]

  /// Whether all of them withstand quantum computers: a file is as strong as its weakest recipient.
  static func arePostQuantum(_ kinds: [RecipientKind]) -> Bool? {
    let strengths = Set(kinds.map(\.strength)).subtracting([.none])
    if strengths.contains(.classic) { return false }
    return strengths == [.postQuantum] ? true : nil
  }
}
