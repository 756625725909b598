import Foundation
import Testing

/// `seal inspect` and `seal rewrap`.
@Suite struct SealInspectTests {
  private static let keys: Set = [
    "isArmored", "stanzas", "needsPassphrase", "isPostQuantum", "headerByteCount",
    "payloadByteCount", "armorByteCount", "plainByteCount", "overheadByteCount",
  ]

  private let sealer: Sealer

  init() throws {
    sealer = try Sealer()
    var random = Seeded(25)
    try sealer.scratch.write(random.bytes(70_000), to: "plain")
  }

  private func inspect(_ name: String) throws -> [String: Any] {
    let summary = try sealer.expect("inspect", "--json", name).json()
    let piped = try sealer.shell(#"cat \#(name) | "$seal" inspect --json"#).json()
    #expect(NSDictionary(dictionary: piped) == NSDictionary(dictionary: summary))
    return summary
  }

  @Test func documents() throws {
    let recipient = sealer.recipient
    try sealer.expect("-r", recipient, "-o", "sealed", "plain")
    let summary = try inspect("sealed")
    #expect(Set(summary.keys) == Self.keys)
    #expect(summary["isArmored"] as? Bool == false && summary["needsPassphrase"] as? Bool == false)
    #expect(summary["isPostQuantum"] as? Bool == false)
    #expect(summary["plainByteCount"] as? Int == 70_000)
    #expect(summary["payloadByteCount"] as? Int == 70_000 + 16 + 2 * 16)
    #expect(summary["armorByteCount"] as? Int == 0)
    let kinds = try #require(summary["stanzas"] as? [[String: Any]])
    #expect(kinds.map { $0["type"] as? String } == ["X25519"])
    #expect(Set(kinds[0].keys) == ["type", "name", "argumentCount"])

    try sealer.expect("-a", "-r", recipient, "-r", recipient, "-o", "armored", "plain")
    let armored = try inspect("armored")
    let size = try sealer.bytes(of: "armored").count
    let counts = ["headerByteCount", "payloadByteCount", "armorByteCount"]
    #expect(counts.compactMap { armored[$0] as? Int }.reduce(0, +) == size)
    #expect((armored["stanzas"] as? [Any])?.count == 2)

    let bytes = try sealer.bytes(of: "sealed")
    try sealer.scratch.write(bytes.dropLast(70_000 - 65_536 + 10), to: "cut")
    let cut = try inspect("cut")
    #expect(Set(cut.keys) == Self.keys.subtracting(["plainByteCount", "overheadByteCount"]))
    let text = try sealer.expect("inspect", "cut").text
    #expect(text.contains("content: damaged"), "\(text)")
    try sealer.scratch.write(Array(bytes[..<50]), to: "stump")
    try sealer.refuse("inspect", "--json", "stump", says: "seal: header: ")
    try sealer.refuse("inspect", "plain", says: "seal: header: ")
  }

  @Test func sheets() throws {
    try sealer.expect("-a", "-r", sealer.recipient, "-o", "armored", "plain")
    let lines = try sealer.expect("inspect", "armored").lines
    #expect(lines[0] == "an age file, version 1, armored as text")
    #expect(lines[2].hasPrefix("  X25519: "))
    #expect(lines.last == "content: 70,000 bytes")
  }

  @Test func rewrapping() throws {
    let plain = Data(try sealer.bytes(of: "plain"))
    try sealer.expect("keygen", "-y", "-o", "recipients", "key")
    let other = try Sealer()
    let theirs = other.scratch["key"]
    try sealer.expect("-r", sealer.recipient, "-o", "sealed", "plain")
    try sealer.expect("rewrap", "-i", "key", "-r", other.recipient, "-a", "-o", "new", "sealed")
    #expect(try inspect("new")["isArmored"] as? Bool == true)
    #expect(try sealer.expect("-d", "-i", theirs, "new").output == plain)
    try sealer.refuse("-d", "-i", "key", "new", says: "no identity matched: ")
    try sealer.refuse(
      "rewrap", "-i", "key", "-R", "recipients", "-o", "out", "new", says: "no identity matched: ")
    // In place.
    try sealer.expect("rewrap", "-i", theirs, "-R", "recipients", "-o", "new", "new")
    #expect(try sealer.expect("-d", "-i", "key", "new").output == plain)
    try sealer.scratch.write(Array(try sealer.bytes(of: "sealed").dropLast(70_025)), to: "cut")
    try sealer.refuse(
      "rewrap", "-i", "key", "-R", "recipients", "-o", "new", "cut",
      says: "seal: payload (segment 0): ")
  }
}
