import CairnCrypto
import Foundation

/// Plugins in Python, in a folder of their own.
struct PluginScript {
  /// The interpreter itself: the command of that name may be a script, and take its time.
  static let interpreter: String? = {
    let path = try? Command("python3")?.run("-c", "import sys; print(sys.executable)")
    return path.map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .newlines) }
  }()

  let folder: TemporaryFolder
  let name: String

  /// Writes a plugin.
  ///
  /// - Parameter body: Python, after the lines of ``library``.
  init(_ name: String = "toy", _ body: String = Self.conforming) throws {
    folder = try TemporaryFolder()
    self.name = name
    let interpreter = Self.interpreter ?? "/usr/bin/python3"
    try write("#!\(interpreter) -SE\n\(Self.library)\n\(body)\n")
  }

  /// Puts other text in its place.
  ///
  /// A process of its own writes it. A program that is open for writing cannot be started, and
  /// whatever is open here is open for a moment in the children that other tests are starting.
  func write(_ text: String) throws {
    try Command("sh")?.run(
      "-c", #"cat >"$1" && chmod 755 "$1""#, "sh", folder.path(of: "age-plugin-\(name)"),
      input: Array(text.utf8))
  }

  func host(
    interaction: any PluginInteraction = NoPluginInteraction(),
    limits: PluginLimits = PluginLimits()
  ) -> PluginHost {
    PluginHost(interaction: interaction, searchPath: [folder.path], limits: limits)
  }

  func recipient(_ host: PluginHost? = nil) throws -> PluginRecipient {
    try PluginRecipient(plugin: name, bytes: [1, 2, 3], host: host ?? self.host())
  }

  func identity(_ host: PluginHost? = nil) throws -> PluginIdentity {
    try PluginIdentity(plugin: name, data: SecretBytes([4, 5]), host: host ?? self.host())
  }

  /// The stanzas of the conversation.
  static let library = #"""
    import base64, os, signal, sys, time
    mode = sys.argv[1]
    source, target = sys.stdin.buffer, sys.stdout.buffer

    def receive():
        words = source.readline().decode().split()
        text = b""
        while True:
            line = source.readline().rstrip(b"\n")
            text += line
            if len(line) < 64:
                return words[1:], base64.b64decode(text + b"=" * (-len(text) % 4))

    def send(line, body=b""):
        text = base64.b64encode(body).rstrip(b"=")
        lines = [text[i:i + 64] for i in range(0, len(text), 64)]
        if len(text) % 64 == 0:
            lines.append(b"")
        target.write(b"-> " + line.encode() + b"\n" + b"".join(l + b"\n" for l in lines))
        target.flush()

    def ask(line, body=b""):
        send(line, body)
        return receive()

    def phase_one():
        messages = []
        while True:
            message = receive()
            messages.append(message)
            if message[0] == ["done"]:
                return messages

    def xored(key):
        return bytes(a ^ 0x5a for a in key)
    """#

  /// Wraps by an exclusive or, for recipients and identities alike; asks nobody anything.
  static let conforming = #"""
    messages = phase_one()
    if mode == "--age-plugin=recipient-v1":
        assert sum(m[0][0] in ("add-recipient", "add-identity") for m in messages) == 1
        for words, body in messages:
            if words[0] == "wrap-file-key":
                assert ask("recipient-stanza 0 toy argument", xored(body)) == (["ok"], b"")
    else:
        assert messages[0][0][0] == "add-identity"
        for words, body in messages:
            if words[:3] == ["recipient-stanza", "0", "toy"]:
                assert ask("file-key 0", xored(body)) == (["ok"], b"")
    send("done")
    """#
}
