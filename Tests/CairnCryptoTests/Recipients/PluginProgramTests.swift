import Foundation
import SystemPackage
import Testing

@testable import CairnCrypto

/// Our client against our plugin, over pipes in one process.
@Suite("Programs that are plugins")
struct PluginProgramTests {
  private let fileKey: FileKey
  private let recipient: PluginConversation.Key
  private let identity: SecretBytes

  init() throws {
    fileKey = try FileKey()
    recipient = .recipient("\(try PluginRecipient(plugin: "toy", bytes: [7]))")
    identity = try PluginIdentity(plugin: "toy", data: SecretBytes([7])).exportText()
  }

  /// Runs a plugin on a thread, and `body` as the age program that talks to it.
  ///
  /// - Returns: What `body` returns, and the error that the plugin ended with.
  private func converse<R>(
    with program: PluginProgram, _ stateMachine: String,
    interaction: any PluginInteraction = NoPluginInteraction(),
    _ body: (PluginConversation) throws -> R
  ) throws -> (result: R, error: CryptoError?) {
    let toPlugin = try FileDescriptor.pipe()
    let fromPlugin = try FileDescriptor.pipe()
    let (ended, box) = (DispatchSemaphore(value: 0), ErrorBox())
    Thread.detachNewThread {
      do throws(CryptoError) {
        try program.run(
          arguments: ["age-plugin-toy", "--age-plugin=\(stateMachine)"],
          input: toPlugin.readEnd, output: fromPlugin.writeEnd)
      } catch {
        box.error = error
      }
      for end in [toPlugin.readEnd, fromPlugin.writeEnd] { try? end.close() }
      ended.signal()
    }
    let limits = PluginLimits(silence: .seconds(300))
    let result = Result {
      try body(
        PluginConversation(
          channel: PluginChannel(
            input: fromPlugin.readEnd, output: toPlugin.writeEnd, limits: limits,
            peer: "the plugin age-plugin-toy"),
          name: #require(PluginName("toy")), interaction: interaction))
    }
    for end in [toPlugin.writeEnd, fromPlugin.readEnd] { try end.close() }
    ended.wait()
    return (try result.get(), box.error)
  }

  /// Written by the plugin's thread before it signals, read after.
  private final class ErrorBox: @unchecked Sendable {
    var error: CryptoError?
  }

  @Test func wrapAndUnwrap() throws {
    let program = try PluginProgram.toy()
    for key in [recipient, .identity(identity)] {
      let (wrapped, error) = try converse(with: program, "recipient-v1") {
        try $0.wrap(fileKey, for: key)
      }
      #expect(error == nil)
      #expect(wrapped.labels == [])
      let others = [
        Stanza(type: "grease", arguments: [], body: []),
        Stanza(type: "long", arguments: ["x"], body: sampleBytes(5000)),
        Stanza(type: "full", arguments: [], body: sampleBytes(96)),
      ]
      let (found, failure) = try converse(with: program, "identity-v1") {
        try $0.unwrap(others + wrapped.stanzas + others, with: identity)
      }
      #expect(failure == nil)
      #expect(found == fileKey)
      #expect(
        try converse(with: program, "identity-v1") {
          try $0.unwrap(others, with: identity)
        }.result == nil)
    }
  }

  @Test func labelsArePassedOn() throws {
    let program = try PluginProgram.toy(ToyKeys(labels: ["postquantum", "toy"]))
    let (wrapped, _) = try converse(with: program, "recipient-v1") {
      try $0.wrap(fileKey, for: recipient)
    }
    #expect(wrapped.labels == ["postquantum", "toy"])
  }

  @Test func questionsReachThePerson() throws {
    struct Person: PluginInteraction {
      func show(_ message: String, from plugin: String) -> Bool { true }
      func requestText(_ prompt: String, from plugin: String) -> String? { "Ada" }
      func requestSecret(_ prompt: String, from plugin: String) -> SecretBytes? {
        SecretBytes(utf8: "1234")
      }
      func confirm(_ prompt: String, yes: String, no: String?, from plugin: String) -> Bool? {
        yes == "y"
      }
    }
    let program = try PluginProgram.toy(ToyKeys(asks: true))
    let (wrapped, error) = try converse(with: program, "recipient-v1", interaction: Person()) {
      try $0.wrap(fileKey, for: recipient)
    }
    #expect(error == nil)
    let (found, _) = try converse(with: program, "identity-v1", interaction: Person()) {
      try $0.unwrap(wrapped.stanzas, with: identity)
    }
    #expect(found == fileKey)
    let refusal = try converse(with: program, "identity-v1") { conversation in
      #expect(throws: CryptoError.self) {
        try conversation.unwrap(wrapped.stanzas, with: identity)
      }
    }
    #expect(refusal.result?.message.contains("reports: the PIN is wrong") == true)
  }

  /// A key may live on when the descriptors are closed and perhaps in use for something else.
  @Test func nobodyIsAskedWhenItIsOver() throws {
    final class Keeper: PluginKeys, @unchecked Sendable {
      // Written by the plugin's thread, read when that has ended.
      var person: (any PluginInteraction)?

      func recipient(
        _ data: SecretBytes, asking person: any PluginInteraction
      ) throws(CryptoError) -> any Recipient {
        self.person = person
        return ToyKey(mask: 1)
      }
    }
    let keeper = Keeper()
    _ = try converse(with: .toy(keeper), "recipient-v1") { try $0.wrap(fileKey, for: recipient) }
    let person = try #require(keeper.person)
    #expect(!person.show("still there?", from: "toy"))
    #expect(person.requestSecret("PIN?", from: "toy") == nil)
  }

  @Test func errorsReachTheAgeProgram() throws {
    let zero = "\(try PluginRecipient(plugin: "toy", bytes: [0]))"
    let other = "\(try PluginRecipient(plugin: "other", bytes: [7]))"
    let external = CryptoError(.external, "the token is not plugged in")
    let cases: [(PluginProgram, String, String)] = [
      (try .toy(), zero, "a toy key is not zero"),
      (try .toy(), other, "this is not a key of age-plugin-toy"),
      (try .toy(), "nonsense", "this is not a key of age-plugin-toy"),
      (try .toy(NoKeys()), zero, "does not seal for recipients"),
      (try .toy(ToyKeys(failure: external)), text(of: recipient), "not plugged in"),
    ]
    for (program, text, expected) in cases {
      let (error, ownError) = try converse(with: program, "recipient-v1") { conversation in
        #expect(throws: CryptoError.self) { try conversation.wrap(fileKey, for: .recipient(text)) }
      }
      #expect(error?.code == .plugin)
      #expect(error?.message.contains(expected) == true, "\(String(describing: error))")
      #expect(ownError?.message.contains(expected) == true, "\(String(describing: ownError))")
    }
    let stanza = Stanza(type: "toy", arguments: ["7"], body: [1])
    let identities: [(PluginProgram, SecretBytes, String)] = [
      (try .toy(), try PluginIdentity(plugin: "toy").exportText(), "a toy key is not zero"),
      (try .toy(NoKeys()), identity, "does not open"),
      (try .toy(ToyKeys(failure: external)), identity, "not plugged in"),
      (try .toy(), identity, "a file key has 16 bytes"),
    ]
    for (program, text, expected) in identities {
      let (error, _) = try converse(with: program, "identity-v1") { conversation in
        #expect(throws: CryptoError.self) { try conversation.unwrap([stanza], with: text) }
      }
      #expect(error?.message.contains(expected) == true, "\(String(describing: error))")
    }
  }

  private func text(of key: PluginConversation.Key) -> String {
    if case .recipient(let text) = key { text } else { "" }
  }

  /// What other age programs may say in one conversation, and ours does not.
  @Test func severalKeysAndFiles() throws {
    let keys = try (0..<2).map { _ in try FileKey() }
    let (stanzas, error) = try converse(with: .toy(), "recipient-v1") { conversation in
      let channel = conversation.channel
      try channel.send("wrap-file-key", body: keys[0].secret)
      try channel.send("add-recipient", [text(of: recipient)])
      try channel.send("add-identity", secretArgument: identity)
      try channel.send("wrap-file-key", body: keys[1].secret)
      try channel.send("done")
      return try answers(on: channel)
    }
    #expect(error == nil)
    #expect(stanzas.map(\.0) == ["0 toy 7", "0 toy 7", "1 toy 7", "1 toy 7"])

    let (found, _) = try converse(with: .toy(), "identity-v1") { conversation in
      let channel = conversation.channel
      let ofThirdFile = ("2" + stanzas[3].0.dropFirst(), stanzas[3].1)
      for (line, body) in stanzas[..<2] + [("1 other", []), ofThirdFile] {
        let words = line.split(separator: " ").map(String.init)
        try channel.send("recipient-stanza", words, body: body.span.bytes)
      }
      try channel.send("add-identity", secretArgument: identity)
      try channel.send("done")
      return try answers(on: channel)
    }
    #expect(found.map(\.0) == ["0", "2"])
    #expect(found.map(\.1) == keys.map(\.secret.revealed))
  }

  /// The arguments and bodies of what the plugin says, until it is done.
  private func answers(on channel: PluginChannel) throws -> [(String, [UInt8])] {
    var answers: [(String, [UInt8])] = []
    while true {
      let message = try channel.receive()
      if message.command == "done" { return answers }
      if message.command.hasPrefix("grease-") {
        try channel.send("unsupported")
      } else {
        answers.append((message.arguments.joined(separator: " "), message.body.revealed))
        try channel.send("ok")
      }
    }
  }

  @Test func refusesOtherCalls() throws {
    let program = try PluginProgram.toy()
    for arguments in [[], ["age-plugin-toy"], ["age-plugin-toy", "--age-plugin=recipient-v2"]] {
      let output = MemoryPipe()
      expect(.plugin) {
        try program.run(arguments: arguments, input: output.reading, output: output.writing)
      }
    }
    #expect(PluginProgram.isCalled(with: ["x", "--age-plugin=recipient-v2"]))
    #expect(!PluginProgram.isCalled(with: ["x", "--generate"]))
  }

  @Test(arguments: [
    "", "hello\n", "-> add-recipient\n\n", "-> add-recipient a", "-> add-recipient a\n",
    "-> wrap-file-key\nAAAA\n", "-> wrap-file-key x\n\n", "-> add-identity a b\n\n",
    "-> done\n====\n", "-> recipient-stanza 1 a\n\n", "-> recipient-stanza 0\n\n",
    "-> recipient-stanza 0 a\n\n-> recipient-stanza 2 a\n\n-> done\n\n",
  ])
  func whatAgeProgramsMayNotSay(text: String) throws {
    for stateMachine in ["recipient-v1", "identity-v1"] {
      let pipe = MemoryPipe(holding: Array(text.utf8))
      let program = try PluginProgram.toy()
      let error = #expect(throws: CryptoError.self) {
        try program.run(
          arguments: ["--age-plugin=\(stateMachine)"], input: pipe.reading, output: pipe.writing)
      }
      #expect(error?.code == .plugin)
    }
  }

  /// Any change of a sound conversation ends in a result or an error.
  @Test func damagedConversationsEnd() throws {
    let seed = UInt64.random(in: .min ... .max)
    print("PluginProgramTests.damagedConversationsEnd: seed \(seed)")
    let sound = Array(
      """
      -> grease 1 2

      -> labels a b

      -> recipient-stanza 0 toy 7
      \(Base64.encode(sampleBytes(48)))

      -> file-key 0
      \(Base64.encode(sampleBytes(16)))
      -> confirm eWVz bm8
      \(Base64.encode(sampleBytes(20)))
      -> done


      """.utf8)
    let name = try #require(PluginName("toy"))
    let characters = Array("->\n 09Aa=\0".utf8)
    for round in 0..<500 {
      let random = sampleBytes(8, seed: seed &+ UInt64(round)).map(Int.init)
      var damaged = sound
      for i in 0...(random[0] % 3) {
        damaged[random[2 * i + 1] % damaged.count] =
          characters[random[2 * i + 2] % characters.count]
      }
      if random[7] < 64 { damaged.removeLast(random[7]) }
      for unwraps in [false, true] {
        let pipe = MemoryPipe(holding: damaged)
        let conversation = PluginConversation(
          channel: PluginChannel(
            input: pipe.reading, output: pipe.writing, limits: PluginLimits(), peer: "it"),
          name: name, interaction: NoPluginInteraction())
        do throws(CryptoError) {
          if unwraps {
            _ = try conversation.unwrap([], with: identity)
          } else {
            _ = try conversation.wrap(fileKey, for: recipient)
          }
        } catch {
          #expect(error.code == .plugin, "\(error) seed \(seed)")
        }
      }
    }
  }
}
