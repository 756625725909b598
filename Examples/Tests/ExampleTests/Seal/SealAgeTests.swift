import Foundation
import Testing

/// Round trips with the commands that seal stands in for, in both directions.
@Suite(.enabled(if: Sealer.has("age", "age-keygen"), "age is not installed"))
struct SealAgeTests {
  private let sealer: Sealer

  init() throws {
    sealer = try Sealer()
    var random = Seeded(26)
    try sealer.scratch.write(random.bytes(200_000), to: "plain")
  }

  /// Has each open what the other sealed with these options.
  private func exchange(_ recipient: String, identity: String) throws {
    let run = try sealer.shell(
      #"""
      set -e
      for armor in '' -a; do
        "$seal" $armor \#(recipient) -o ours plain
        age -d -i \#(identity) ours | cmp - plain
        age $armor \#(recipient) -o theirs plain
        "$seal" -d -i \#(identity) theirs | cmp - plain
      done
      """#)
    #expect(run.status == 0 && run.output.isEmpty && run.errors == "", "\(run.text)\(run.errors)")
  }

  @Test func keys() throws {
    try exchange(#"-r "$recipient""#, identity: "key")
    try exchange("-e -i key", identity: "key")
    let run = try sealer.shell(
      "age-keygen -o other 2>/dev/null && age-keygen -y key other && age-keygen -y key")
    #expect(run.text == "\(sealer.recipient)\n\(sealer.recipient)\n" || run.status != 0)
    #expect(try sealer.shell("age-keygen -y key").text == "\(sealer.recipient)\n")
    #expect(
      try sealer.shell("age-keygen -y other").text
        == sealer.shell(#""$seal" keygen -y other"#).text)
    try exchange(#"-r "$recipient" -r "$(age-keygen -y other)""#, identity: "other")
  }

  @Test(
    .enabled(if: Sealer.has("ssh-keygen"), "ssh-keygen is not installed"),
    arguments: ["ed25519", "rsa"])
  func sshKeys(_ type: String) throws {
    try sealer.tool("ssh-keygen", "-q", "-t", type, "-N", "", "-f", "ssh")
    try exchange("-R ssh.pub", identity: "ssh")
    try exchange(#"-r "$(cat ssh.pub)""#, identity: "ssh")
    // From one key to another, and into text.
    let run = try sealer.shell(
      #"""
      set -e
      "$seal" -r "$recipient" plain | "$seal" rewrap -i key -R ssh.pub -a -o new
      age -d -i ssh new | cmp - plain
      "$seal" rewrap -i ssh -r "$recipient" new | age -d -i key | cmp - plain
      """#)
    #expect(run.status == 0, "\(run.text)\(run.errors)")
  }

  /// `age` reads passphrases from a terminal only.
  @Test(.enabled(if: Dialogue.interpreter != nil, "python3 is not installed"))
  func passphrases() throws {
    try sealer.scratch.write("open sesame\n", to: "passphrase")
    #expect(
      try sealer.shell(#""$seal" -p --passphrase-fd 3 -o ours plain 3<passphrase"#).status == 0)
    let shell = ["/bin/sh", "-c"]
    let opened = try Dialogue.run(
      shell + ["age -d -o opened ours"], in: sealer.program,
      [.init("passphrase", type: "open sesame\n")])
    #expect(opened.status == 0, "\(opened.shown)")
    #expect(try sealer.bytes(of: "opened") == sealer.bytes(of: "plain"))

    let sealed = try Dialogue.run(
      shell + ["age -p -o theirs plain"], in: sealer.program,
      [
        .init("passphrase", type: "open sesame\n"), .init("onfirm", type: "open sesame\n"),
      ])
    #expect(sealed.status == 0, "\(sealed.shown)")
    let run = try sealer.shell(
      #""$seal" -d --passphrase-fd 3 theirs 3<passphrase | cmp - plain"#)
    #expect(run.status == 0, "\(run.errors)")
  }

  /// One script for both: it wraps by an exclusive or.
  @Test(.enabled(if: Dialogue.interpreter != nil, "python3 is not installed"))
  func plugins() throws {
    let interpreter = try #require(Dialogue.interpreter)
    try sealer.scratch.write(
      "#!\(interpreter) -SE\n\(Self.plugin)\n", to: "age-plugin-toy")
    let run = try sealer.shell(
      #"""
      set -e
      chmod +x age-plugin-toy
      "$seal" -e -j toy -o ours plain
      age -d -j toy ours | cmp - plain
      age -e -j toy -o theirs plain
      "$seal" -d -j toy theirs | cmp - plain
      """#, environment: ["PATH": "\(sealer.scratch.path):/usr/bin:/bin"])
    #expect(run.status == 0, "\(run.text)\(run.errors)")
  }

  private static let plugin = #"""
    import base64, sys

    source, target = sys.stdin.buffer, sys.stdout.buffer

    def receive():
        words, text = source.readline().decode().split()[1:], b""
        while True:
            line = source.readline().rstrip(b"\n")
            text += line
            if len(line) < 64:
                return words, base64.b64decode(text + b"=" * (-len(text) % 4))

    def send(line, body=b""):
        target.write(b"-> %s\n%s\n" % (line.encode(), base64.b64encode(body).rstrip(b"=")))
        target.flush()

    def masked(key):
        return bytes(byte ^ 0x5a for byte in key)

    messages = []
    while not messages or messages[-1][0] != ["done"]:
        messages.append(receive())
    for words, body in messages:
        if words[0] == "wrap-file-key":
            send("recipient-stanza 0 toy", masked(body))
            receive()
        elif words == ["recipient-stanza", "0", "toy"]:
            send("file-key 0", masked(body))
            receive()
    send("done")
    """#
}
