import Foundation
import Testing

/// Passphrases from a descriptor, a line each.
@Suite struct SealPassphraseTests {
  @Test func filesAndIdentityFiles() throws {
    let sealer = try Sealer()
    try sealer.scratch.write("text", to: "plain")
    try sealer.scratch.write("one\r\ntwo\n", to: "passphrases")
    let run = try sealer.shell(
      #"""
      set -e
      "$seal" -p --passphrase-fd 3 -a -o protected key 3<passphrases
      "$seal" -e -i key -o sealed plain
      "$seal" -d -i protected --passphrase-fd 3 sealed 3<passphrases
      "$seal" keygen -y protected --passphrase-fd 0 <passphrases
      # The first line is the passphrase, and the rest is the message.
      { echo one; printf more; } | "$seal" -p --passphrase-fd 0 >piped
      "$seal" -d --passphrase-fd 3 piped 3<passphrases
      """#)
    #expect(run.status == 0 && run.errors == "", "\(run.errors)")
    #expect(run.text == "text\(sealer.recipient)\nmore")
    let wrong = try sealer.shell(#"echo two | "$seal" -d -i protected --passphrase-fd 0 sealed"#)
    #expect(wrong.status == 1)
    #expect(wrong.errors.contains("the passphrase of the identity file is wrong"))
    let none = try sealer.shell(#""$seal" -d --passphrase-fd 0 piped </dev/null"#)
    #expect(none.status == 1 && none.errors.contains("there is no passphrase"), "\(none.errors)")
    try sealer.refuse(
      "-d", "-i", "key", "piped",
      says: "no identity matched: the file is encrypted with a passphrase")
  }

  /// The file's passphrase comes first, and then the new one.
  @Test func rewrapping() throws {
    let sealer = try Sealer()
    try sealer.scratch.write("text", to: "plain")
    try sealer.scratch.write("one\ntwo\n", to: "passphrases")
    let run = try sealer.shell(
      #"""
      set -e
      "$seal" -p --passphrase-fd 3 -o sealed plain 3<passphrases
      "$seal" rewrap -p --passphrase-fd 3 -o sealed sealed 3<passphrases
      echo two | "$seal" -d --passphrase-fd 0 sealed
      """#)
    #expect(run.status == 0 && run.text == "text", "\(run.errors)")
  }

  @Test(.enabled(if: Sealer.has("ssh-keygen"), "ssh-keygen is not installed"))
  func protectedSSHKeys() throws {
    let sealer = try Sealer()
    try sealer.scratch.write("text", to: "plain")
    for (key, passphrase) in [("a", "one"), ("b", "two")] {
      try sealer.tool(
        "ssh-keygen", "-q", "-t", "ed25519", "-a", "2", "-N", passphrase, "-f", key)
    }
    try sealer.scratch.write("two\n", to: "passphrase")
    // Only the key that opens the file is asked about.
    let run = try sealer.shell(
      #""$seal" -R b.pub plain | "$seal" -d -i a -i b --passphrase-fd 3 3<passphrase"#)
    #expect(run.status == 0 && run.text == "text", "\(run.errors)")
  }
}
