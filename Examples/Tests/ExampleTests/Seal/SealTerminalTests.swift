import Foundation
import Testing

/// What a person at a terminal sees and types.
@Suite(
  .enabled(if: Dialogue.interpreter != nil, "python3, which gives a terminal, is not installed"))
struct SealTerminalTests {
  private let sealer: Sealer

  init() throws {
    sealer = try Sealer()
    try sealer.scratch.write("text", to: "plain")
  }

  private func run(_ arguments: String..., steps: Dialogue.Step...) throws -> Dialogue.Result {
    try Dialogue.run([Program.seal] + arguments, in: sealer.program, steps)
  }

  @Test func passphrases() throws {
    let sealed = try run(
      "-p", "-o", "sealed", "plain",
      steps: .init("Enter a passphrase: ", type: "open sesame\n"),
      .init("Enter it again: ", type: "open sesame\n"))
    #expect(sealed.status == 0, "\(sealed.shown)")
    #expect(sealed.echo == [false, false, true])
    #expect(!sealed.shown.contains("sesame"))

    let opened = try run(
      "-d", "sealed", steps: .init("Enter the passphrase of the file: ", type: "open sesame\n"))
    #expect(opened.status == 0 && opened.shown.hasSuffix("text"), "\(opened.shown)")
    #expect(opened.echo == [false, true])

    let wrong = try run(
      "-d", "-o", "out", "sealed", steps: .init("passphrase of the file: ", type: "sesame\n"))
    #expect(
      wrong.status == 1 && wrong.shown.contains("no identity matched: the passphrase is wrong"))
    #expect(!sealer.scratch.exists("out"))
  }

  @Test func passphrasesThatDiffer() throws {
    let differing = try run(
      "-p", "-o", "sealed", "plain", steps: .init(": ", type: "one\n"), .init(": ", type: "two\n"))
    #expect(differing.status == 1 && differing.shown.contains("the two passphrases differ"))
    let empty = try run("-p", "-o", "sealed", "plain", steps: .init(": ", type: "\n"))
    #expect(empty.status == 1 && empty.shown.contains("an empty passphrase protects nothing"))
    #expect(try sealer.scratch.files(below: ".") == ["key", "plain"])
  }

  /// However the process ends or stops, the terminal shows again what is typed.
  @Test func signals() throws {
    let interrupted = try run(
      "-p", "-o", "sealed", "plain", steps: .init("passphrase: ", type: "abc\u{03}"))
    #expect(interrupted.status == -SIGINT && interrupted.echo == [false, true])
    for signal in [SIGTERM, SIGHUP] {
      let ended = try run(
        "-p", "-o", "sealed", "plain", steps: .init("passphrase: ", signal: signal))
      #expect(ended.status == -signal && ended.echo == [false, true])
    }
    let stopped = try run(
      "-p", "-o", "sealed", "plain", steps: .init("passphrase: ", type: "\u{1A}", continues: true),
      .init("", type: "abc\n"), .init("again: ", type: "abc\n"))
    #expect(stopped.status == 0, "\(stopped.shown)")
    #expect(stopped.echo == [false, false, false, true])
    #expect(try sealer.scratch.files(below: ".") == ["key", "plain", "sealed"])
  }

  @Test func outputOnTheTerminal() throws {
    for arguments in [["-e", "-i", "key", "plain"], ["-p", "plain"]] {
      let refused = try Dialogue.run([Program.seal] + arguments, in: sealer.program, [])
      #expect(refused.status == 1)
      #expect(refused.shown.hasPrefix("seal: the output is binary"), "\(refused.shown)")
    }
    let armored = try run("-e", "-i", "key", "-a", "plain")
    #expect(armored.status == 0 && armored.shown.hasPrefix("-----BEGIN AGE ENCRYPTED FILE-----"))
    let insisted = try run("-e", "-i", "key", "-o", "-", "plain")
    #expect(insisted.status == 0 && insisted.shown.hasPrefix("age-encryption.org/v1"))
    try sealer.expect("-r", sealer.recipient, "-o", "sealed", "plain")
    // A progress line would erase a last line without an end.
    #expect(try run("-d", "-i", "key", "sealed").shown == "text")
  }

  @Test func progress() throws {
    var random = Seeded(24)
    try sealer.scratch.write(random.bytes(5 << 20), to: "large")
    let shown = try run("-e", "-i", "key", "-o", "sealed", "large").shown
    #expect(shown.hasPrefix("\r\u{1B}[Kencrypt: ") && shown.contains("5.0 MiB"), "\(shown)")
    #expect(shown.hasSuffix("\r\u{1B}[K"), "taken away at the end")
    #expect(try run("-d", "-i", "key", "-o", "out", "sealed").shown.contains("decrypt: 5.0 MiB"))
  }
}
