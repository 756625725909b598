import Synchronization

/// The age program at the other end, and the person in front of it, as a plugin sees them in the
/// second phase of a conversation, in which the plugin speaks and the program answers.
///
/// `@unchecked Sendable`: the channel is used only while the lock is held.
final class PluginClient: @unchecked Sendable {
  private let channel: PluginChannel
  /// Why nothing can be said any more.
  private let failure = Mutex<CryptoError?>(nil)

  init(_ channel: PluginChannel) { self.channel = channel }

  /// Says something, and returns the answer: `ok`, `fail` or `unsupported`.
  ///
  /// - Throws: Again and again what went wrong once: after that, nobody knows whose turn it is.
  func ask(
    _ command: String, _ arguments: [String] = [], body: RawSpan = RawSpan()
  ) throws(CryptoError) -> PluginMessage {
    try once { (channel) throws(CryptoError) in
      try channel.send(command, arguments, body: body)
      let answer = try channel.receive()
      guard ["ok", "fail", "unsupported"].contains(answer.command) else {
        throw channel.failure("broke the rules of the conversation with \(answer.command)")
      }
      return answer
    }
  }

  /// Says that the plugin is done.
  func finish() throws(CryptoError) {
    try once { (channel) throws(CryptoError) in try channel.send("done") }
  }

  /// Lets go of the channel, whose descriptors may be closed from now on. Keys that live on find
  /// nobody to ask.
  func end() {
    failure.withLock { failure in
      failure = failure ?? CryptoError(.plugin, "the conversation with the age program is over")
    }
  }

  private func once<R: Sendable>(
    _ body: (PluginChannel) throws(CryptoError) -> R
  ) throws(CryptoError) -> R {
    try failure.withLock { (failure) throws(CryptoError) in
      if let failure { throw failure }
      do throws(CryptoError) {
        return try body(channel)
      } catch {
        failure = error
        throw error
      }
    }
  }
}

extension PluginClient: PluginInteraction {
  func show(_ message: String, from plugin: String) -> Bool {
    answer("msg", message) != nil
  }

  func requestText(_ prompt: String, from plugin: String) -> String? {
    answer("request-public", prompt)?.body.withUnsafeBytes {
      String(decoding: $0, as: UTF8.self)
    }
  }

  func requestSecret(_ prompt: String, from plugin: String) -> SecretBytes? {
    answer("request-secret", prompt)?.body
  }

  func confirm(_ prompt: String, yes: String, no: String?, from plugin: String) -> Bool? {
    let labels = ([yes] + (no.map { [$0] } ?? [])).map { Base64.encode($0.utf8) }
    guard !labels.contains(""), let answer = answer("confirm", prompt, labels: labels),
      answer.argumentCount == 1
    else { return nil }
    switch answer.argument(0) {
    case "yes": return true
    case "no": return false
    default: return nil
    }
  }

  /// The answer, if it is not a refusal. A conversation that has broken down refuses too; the next
  /// result that the plugin has to tell finds out.
  private func answer(
    _ command: String, _ text: String, labels: [String] = []
  ) -> PluginMessage? {
    let body = Array(text.utf8)
    guard let answer = try? ask(command, labels, body: body.span.bytes),
      answer.command == "ok"
    else { return nil }
    return answer
  }
}
