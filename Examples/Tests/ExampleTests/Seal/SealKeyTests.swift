import Foundation
import Testing

/// `seal keygen`, as `age-keygen`.
@Suite struct SealKeyTests {
  @Test func layout() throws {
    let sealer = try Sealer()
    let text = try sealer.scratch.read("key")
    let layout =
      /# created: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n# public key: (age1[a-z0-9]{58})\n(AGE-SECRET-KEY-1[A-Z0-9]{58})\n/
    let match = try #require(text.wholeMatch(of: layout))
    #expect(match.1 == sealer.recipient)
    let attributes = try FileManager.default.attributesOfItem(atPath: sealer.scratch["key"])
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    try sealer.refuse("keygen", "-o", "key", says: "key exists already")
    try sealer.refuse("keygen", "plain", says: "plain")

    let run = try sealer.run(["keygen"])
    #expect(run.status == 0 && run.text.wholeMatch(of: layout) != nil)
    #expect(run.errors.hasPrefix("Public key: age1"))
  }

  @Test func conversion() throws {
    let sealer = try Sealer()
    let line = "\(sealer.recipient)\n"
    #expect(try sealer.expect("keygen", "-y", "key").text == line)
    #expect(try sealer.expect("keygen", "-y", input: "key").text == line)
    #expect(try sealer.expect("keygen", "-y", "-", input: "key").text == line)
    try sealer.expect("keygen", "-y", "-o", "recipients", "key")
    #expect(try sealer.scratch.read("recipients") == line)
    try sealer.refuse("keygen", "-y", "-o", "recipients", "key", says: "exists already")
    try sealer.refuse("keygen", "-y", "recipients", says: "line 1")
    try sealer.refuse("keygen", "-y", says: "there is no private key")
  }

  /// As `age-keygen` does.
  @Test func warnsOfLooseFiles() throws {
    let sealer = try Sealer()
    let loose = try sealer.shell(#"umask 022; "$seal" keygen >loose; "$seal" keygen | cat >piped"#)
    #expect(loose.status == 0)
    #expect(loose.errors.components(separatedBy: "warning: everybody can read").count == 2)
    #expect(try sealer.shell(#"umask 077; "$seal" keygen >tight"#).errors.hasPrefix("Public key"))
  }

  @Test(arguments: ["-pq", "--pq"]) func postQuantum(_ option: String) throws {
    let sealer = try Sealer()
    let run = try sealer.run(["keygen", option, "-o", "pq"])
    guard run.status == 0 else {
      #expect(run.errors.contains("OpenSSL 3.5 or newer"), "\(run.errors)")
      #expect(!sealer.scratch.exists("pq"))
      return
    }
    try sealer.scratch.write("text", to: "plain")
    try sealer.expect("-e", "-i", "pq", "-o", "sealed", "plain")
    #expect(try sealer.expect("-d", "-i", "pq", "sealed").text == "text")
  }
}
