/// Messages without a meaning, which keep the other end used to messages that it does not know
/// (C2SP age-plugin.md, "Grease").
enum PluginGrease {
  /// Sends one in the phase in which the other end listens only.
  static func send(over channel: PluginChannel) throws(CryptoError) {
    let (command, arguments, body) = random()
    try channel.send(command, arguments, body: body.span.bytes)
  }

  /// Sends one in the phase in which the other end answers.
  static func send(to client: PluginClient) throws(CryptoError) {
    let (command, arguments, body) = random()
    _ = try client.ask(command, arguments, body: body.span.bytes)
  }

  private static func random() -> (command: String, arguments: [String], body: [UInt8]) {
    (
      "grease-\(String(UInt64.random(in: .min ... .max), radix: 16))",
      (0..<Int.random(in: 0...2)).map { _ in String(Int.random(in: 0..<100)) },
      (0..<Int.random(in: 0..<100)).map { _ in UInt8.random(in: .min ... .max) }
    )
  }
}
