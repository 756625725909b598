import Foundation
import Testing

/// The one line that says what is wrong with a file, and what is left of the output then.
@Suite struct SealErrorTests {
  /// A file of three segments, and its parts: where the payload begins.
  private func makeFile() throws -> (sealer: Sealer, sealed: [UInt8], payload: Int) {
    let sealer = try Sealer()
    var random = Seeded(21)
    try sealer.scratch.write(random.bytes(150_000), to: "plain")
    try sealer.expect("-r", sealer.recipient, "-o", "sealed", "plain")
    try sealer.scratch.write("as it was", to: "out")
    let summary = try sealer.expect("inspect", "--json", "sealed").json()
    let payload = try #require(summary["headerByteCount"] as? Int)
    return (sealer, try sealer.bytes(of: "sealed"), payload)
  }

  @Test func damage() throws {
    let (sealer, sealed, payload) = try makeFile()
    func refuse(_ bytes: [UInt8], _ message: String) throws {
      try sealer.scratch.write(bytes, to: "damaged")
      try sealer.refuse("-d", "-i", "key", "-o", "out", "damaged", says: "seal: \(message)")
      try sealer.refuse("-d", "-i", "key", "-o", "new", "damaged", says: "seal: \(message)")
    }
    func changed(_ offset: Int) -> [UInt8] {
      var bytes = sealed
      bytes[offset] ^= 1
      return bytes
    }
    let segment = 65_536 + 16
    try refuse(changed(0), "header: ")
    var forged = sealed
    forged[payload - 10] =
      sealed[payload - 10] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
    try refuse(forged, "header MAC: ")
    try refuse(changed(payload + 16), "payload (segment 0): ")
    try refuse(changed(payload + 16 + segment), "payload (segment 1): ")
    try refuse(Array(sealed[..<(payload + 16 + segment)]), "payload (segment 0): ")
    try refuse(sealed.dropLast(), "payload (segment 2): ")
    try refuse(sealed + [0], "payload (segment 2): ")
    try refuse(Array(sealed[..<(payload - 10)]), "header: ")
    try refuse(Array(sealed[..<(payload + 7)]), "header: ")
    try refuse([], "header: ")
    try refuse(Array("plain text\n".utf8), "header: ")

    let armored = Array(try sealer.expect("-a", "-r", sealer.recipient, "plain").output)
    try sealer.scratch.write(armored, to: "armored")
    #expect(
      try sealer.expect("-d", "-i", "key", "armored").output == Data(sealer.bytes(of: "plain")))
    var damaged = armored
    damaged[50] = UInt8(ascii: "*")
    try refuse(damaged, "armor: line 2: ")
    try refuse(armored.dropLast(20), "armor: ")
  }

  @Test func identities() throws {
    let (sealer, _, _) = try makeFile()
    let other = try Sealer()
    let theirs = other.scratch["key"]
    let message = "seal: no identity matched: "
    try sealer.refuse("-d", "-i", theirs, "-o", "out", "sealed", says: message)
    try sealer.refuse("-d", "-o", "out", "sealed", says: message + "the file is encrypted for keys")
    try sealer.expect("-d", "-i", theirs, "-i", "key", "-o", "out", "sealed")
    #expect(try sealer.bytes(of: "out") == sealer.bytes(of: "plain"))
  }

  /// What was sound is put out into a pipe, and nothing else.
  @Test func pipesGetTheSoundPart() throws {
    let (sealer, sealed, payload) = try makeFile()
    var damaged = sealed
    damaged[payload + 16 + 2 * (65_536 + 16)] ^= 1
    try sealer.scratch.write(damaged, to: "damaged")
    let run = try sealer.shell(#"{ "$seal" -d -i key damaged; echo "$?" >&2; } | cat >out"#)
    #expect(run.errors.hasPrefix("seal: payload (segment 2): ") && run.errors.hasSuffix("\n1\n"))
    #expect(try sealer.bytes(of: "plain").starts(with: sealer.bytes(of: "out")))
  }
}
