import CairnCrypto
import Foundation
import SystemPackage
import Testing

@Suite(
  "Plugins",
  .enabled(
    if: PluginScript.interpreter != nil, "python3 is not installed: plugins are not tested"))
struct PluginTests {
  @Test func sealAndOpen() throws {
    let plugin = try PluginScript()
    let message = sampleBytes(1000)
    let other = try X25519Identity.generate()
    for recipient in [try plugin.recipient(), try plugin.identity().recipient] {
      let file = try Age.seal(message, to: [other.recipient, recipient, other.recipient])
      #expect(try Age.open(file, with: [plugin.identity()]) == message)
      #expect(try Age.open(file, with: [other]) == message)
    }
    let forOther = try Age.seal(message, to: [other.recipient])
    expect(.noIdentityMatched) { _ = try Age.open(forOther, with: [plugin.identity()]) }
    #expect(try Age.open(forOther, with: [plugin.identity(), other]) == message)
  }

  @Test func labelsAreKept() throws {
    let plugin = try PluginScript(
      "labels",
      """
      messages = phase_one()
      assert (["extension-labels"], b"") in messages
      assert ask("labels postquantum other") == (["ok"], b"")
      assert ask("recipient-stanza 0 a", b"1") == (["ok"], b"")
      assert ask("recipient-stanza 0 b x y", b"2" * 48) == (["ok"], b"")
      send("done")
      """)
    let wrapped = try plugin.recipient().wrap(FileKey())
    #expect(wrapped.labels == ["postquantum", "other"])
    #expect(
      wrapped.stanzas == [
        Stanza(type: "a", arguments: [], body: Array("1".utf8)),
        Stanza(type: "b", arguments: ["x", "y"], body: [UInt8](repeating: 0x32, count: 48)),
      ])
    let classic = try X25519Identity.generate().recipient
    expect(.recipients) { _ = try Header.seal(to: [plugin.recipient(), classic]) }
  }

  @Test func questionsReachThePerson() throws {
    let plugin = try PluginScript(
      "asking",
      #"""
      phase_one()
      answers = [
          ask("msg", b"touch\x1b[2J the token"), ask("request-public", b"name?"),
          ask("request-secret", b"PIN?"), ask("confirm eWVz", b"sure?"),
          ask("confirm eWVz bm8", b"no?"), ask("novelty 1 2", b"?"),
      ]
      ask("error internal", repr(answers).encode())
      send("done")
      """#)
    struct Person: PluginInteraction {
      func show(_ message: String, from plugin: String) -> Bool {
        message == "touch\u{fffd}[2J the token" && plugin == "asking"
      }
      func requestText(_ prompt: String, from plugin: String) -> String? { "\(prompt) Ada" }
      func requestSecret(_ prompt: String, from plugin: String) -> SecretBytes? {
        SecretBytes(utf8: "\(prompt) 1234")
      }
      func confirm(_ prompt: String, yes: String, no: String?, from plugin: String) -> Bool? {
        no == nil && yes == "yes"
      }
    }
    let answers: [(any PluginInteraction, String)] = [
      (
        Person(),
        "[(['ok'], b''), (['ok'], b'name? Ada'), (['ok'], b'PIN? 1234'), (['ok', 'yes'], b''), "
          + "(['ok', 'no'], b''), (['unsupported'], b'')]"
      ),
      (
        NoPluginInteraction(),
        "[(['fail'], b''), (['fail'], b''), (['fail'], b''), (['fail'], b''), (['fail'], b''), "
          + "(['unsupported'], b'')]"
      ),
    ]
    for (person, expected) in answers {
      let host = plugin.host(interaction: person)
      for use in [
        { _ = try plugin.recipient(host).wrap(FileKey()) },
        { _ = try plugin.identity(host).unwrap([]) },
      ] as [() throws -> Void] {
        let error = #expect(throws: CryptoError.self) { try use() }
        #expect(error?.message == "the plugin age-plugin-asking reports: \(expected)")
      }
    }
  }

  @Test(arguments: Misbehaviour.all)
  func misbehaviourIsAnError(of misbehaviour: Misbehaviour) throws {
    let plugin = try PluginScript("bad", misbehaviour.body)
    let limits = PluginLimits(
      messageByteCount: 4096, byteCount: 20_000, silence: misbehaviour.silence)
    let host = plugin.host(limits: limits)
    let stanza = Stanza(
      type: "a", arguments: [], body: [UInt8](repeating: 1, count: misbehaviour.stanzaSize))
    let error = #expect(throws: CryptoError.self) {
      if misbehaviour.isUnwrapping {
        _ = try plugin.identity(host).unwrap([stanza])
      } else {
        _ = try plugin.recipient(host).wrap(FileKey())
      }
    }
    #expect(error?.code == .plugin)
    let text = error.map { "\($0)" } ?? ""
    #expect(text.hasPrefix("the plugin age-plugin-bad ") && text.contains(misbehaviour.expected))
  }

  @Test func aPluginThatIsNotThereIsNamed() throws {
    let plugin = try PluginScript("toy")
    let missing = try PluginRecipient(plugin: "gone", data: RawSpan(), host: plugin.host())
    var error = #expect(throws: CryptoError.self) { try missing.wrap(FileKey()) }
    #expect(error?.code == .plugin)
    #expect(error?.message.contains("age-plugin-gone is not installed") == true)

    // A folder, a file that is not executable, and one for another machine.
    let path = plugin.folder.path(of: "age-plugin-gone")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    expect(.plugin) { _ = try missing.wrap(FileKey()) }
    try FileManager.default.removeItem(atPath: path)
    try plugin.folder.write("age-plugin-gone", [0x7f, 0x45, 0x4c, 0x46])
    expect(.plugin) { _ = try missing.wrap(FileKey()) }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    error = #expect(throws: CryptoError.self) { try missing.wrap(FileKey()) }
    #expect(error?.code == .plugin)
    #expect(error?.cause != nil)
  }

  @Test func theFirstInTheSearchPathIsRun() throws {
    let (first, second) = (try PluginScript("toy"), try PluginScript("toy", "sys.exit(1)"))
    let missing = first.folder.path.appending("missing")
    let host = PluginHost(
      searchPath: ["relative", missing, first.folder.path, second.folder.path])
    #expect(try first.recipient(host).wrap(FileKey()).stanzas.count == 1)
  }

  /// A child must find neither our signal mask nor our descriptors.
  @Test func pluginsStartClean() throws {
    let plugin = try PluginScript(
      "clean",
      """
      phase_one()
      descriptors = sorted(int(name) for name in os.listdir("/dev/fd"))[:-1]
      blocked = list(signal.pthread_sigmask(signal.SIG_BLOCK, []))
      print("not part of the conversation", file=sys.stderr)
      ask("error internal", repr((descriptors, blocked)).encode())
      """)
    let file = open("/dev/null", O_RDONLY)
    defer { close(file) }
    var signals = sigset_t()
    var before = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGUSR1)
    pthread_sigmask(SIG_BLOCK, &signals, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let error = #expect(throws: CryptoError.self) { try plugin.recipient().wrap(FileKey()) }
    #expect(error?.message == "the plugin age-plugin-clean reports: ([0, 1, 2], [])")
  }

  @Test func standardErrorGoesWhereTheHostWants() throws {
    let plugin = try PluginScript("loud", "print('oh no', file=sys.stderr)\nsys.exit(7)")
    let log = try plugin.folder.file("log", holding: [])
    defer { try? log.close() }
    var host = plugin.host()
    host.standardError = log
    let error = #expect(throws: CryptoError.self) { try plugin.recipient(host).wrap(FileKey()) }
    #expect(error?.message.contains("exit status 7") == true)
    #expect(try plugin.folder.content("log") == Array("oh no\n".utf8))
  }

  @Test func nothingIsLeftBehind() async {
    await #expect(processExitsWith: .success) {
      func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/dev/fd").count
      }
      let good = try PluginScript()
      let bad = try PluginScript("bad", "source.close()\nsys.exit(1)")
      // Another child of the host, which stays the host's to wait for.
      let other = Process()
      other.executableURL = URL(filePath: "/bin/sh")
      other.arguments = ["-c", "exit 3"]
      try other.run()
      _ = try good.recipient().wrap(FileKey())
      let before = try descriptors()
      for _ in 0..<3 {
        _ = try good.recipient().wrap(FileKey())
        #expect(throws: CryptoError.self) { try bad.recipient().wrap(FileKey()) }
      }
      #expect(try descriptors() == before)
      other.waitUntilExit()
      #expect(other.terminationStatus == 3)
      // No child is left, dead or alive.
      var status: Int32 = 0
      #expect(waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD)
    }
  }
}

/// What a plugin may do wrong.
struct Misbehaviour: CustomTestStringConvertible {
  let testDescription: String
  /// A part of the error's text.
  let expected: String
  let body: String
  var isUnwrapping = false
  var silence: Duration? = .seconds(300)
  var stanzaSize = 32

  init(
    _ description: String, _ expected: String, _ body: String, unwrapping: Bool = false,
    silence: Duration = .seconds(300), stanzaSize: Int = 32
  ) {
    testDescription = description
    self.expected = expected
    self.body = body
    isUnwrapping = unwrapping
    self.silence = silence
    self.stanzaSize = stanzaSize
  }

  static let all = [
    Misbehaviour("ends at once", "ended before it was done (exit status 5)", "sys.exit(5)"),
    Misbehaviour("ends at once", "ended before", "os._exit(0)", unwrapping: true),
    Misbehaviour("dies", "(signal 9)", "phase_one(); os.kill(os.getpid(), signal.SIGKILL)"),
    Misbehaviour(
      "stops listening and ends", "ended before", "source.close(); os.close(0)",
      unwrapping: true, stanzaSize: 500_000),
    Misbehaviour(
      "never listens", "did nothing for 0.3", "time.sleep(20)", unwrapping: true,
      silence: .milliseconds(300), stanzaSize: 500_000),
    Misbehaviour(
      "never speaks", "did nothing for 0.3", "phase_one(); time.sleep(20)",
      silence: .milliseconds(300)),
    Misbehaviour(
      "does not end when asked", "did nothing",
      "signal.signal(signal.SIGTERM, signal.SIG_IGN); phase_one(); time.sleep(20)",
      silence: .milliseconds(300)),
    Misbehaviour(
      "speaks before it listens, without end", "said more than 20000 bytes",
      "for i in range(10_000): send('msg', b'hello')", unwrapping: true, stanzaSize: 500_000),
    Misbehaviour(
      "asks without end", "said more than 20000 bytes",
      "phase_one()\nwhile True: ask('msg', b'hello')"),
    Misbehaviour(
      "a line without end", "a message of more than 4096 bytes",
      "phase_one(); target.write(b'-> ' + b'a' * 9000); target.flush(); time.sleep(20)"),
    Misbehaviour(
      "a body without end", "a message of more than 4096 bytes",
      "phase_one(); send('msg', b'a' * 9000)"),
    Misbehaviour(
      "no stanza", "a line that begins no stanza", "phase_one(); target.write(b'hello\\n')"),
    Misbehaviour("a nul", "a bad argument", "phase_one(); send('msg \\0')"),
    Misbehaviour("no command", "a stanza without a type", "phase_one(); target.write(b'->\\n\\n')"),
    Misbehaviour(
      "a bad body", "a bad line", "phase_one(); target.write(b'-> msg\\n====\\n')"),
    Misbehaviour(
      "a long line", "a bad line", "phase_one(); target.write(b'-> msg\\n' + b'A' * 65 + b'\\n')"),
    Misbehaviour("half a message", "ended before", "phase_one(); target.write(b'-> msg\\n')"),
    Misbehaviour("no result", "gave no stanza", "phase_one(); send('done')"),
    Misbehaviour(
      "another file", "recipient-stanza", "phase_one(); ask('recipient-stanza 1 a', b'1')"),
    Misbehaviour(
      "no file", "recipient-stanza", "phase_one(); ask('recipient-stanza x a', b'1')"),
    Misbehaviour("no type", "recipient-stanza", "phase_one(); ask('recipient-stanza 0', b'1')"),
    Misbehaviour("two labels", "labels", "phase_one(); ask('labels a'); ask('labels a')"),
    Misbehaviour("no choice", "confirm", "phase_one(); ask('confirm', b'1')"),
    Misbehaviour("bad choice", "confirm", "phase_one(); ask('confirm !', b'1')"),
    Misbehaviour(
      "a short key", "file-key", "phase_one(); ask('file-key 0', b'1')", unwrapping: true),
    Misbehaviour(
      "a key for another file", "file-key", "phase_one(); ask('file-key 1', b'1' * 16)",
      unwrapping: true),
    Misbehaviour(
      "two keys", "file-key", "phase_one()\nfor i in range(2): ask('file-key 0', b'1' * 16)",
      unwrapping: true),
    Misbehaviour(
      "an error", "reports: no such token", "phase_one(); ask('error internal', b'no such token')"),
    Misbehaviour(
      "an error", "reports: broken", "phase_one(); ask('error stanza 0 0', b'broken')",
      unwrapping: true),
  ]
}
