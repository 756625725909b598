/// What is said to a plugin about one file (C2SP age-plugin.md, "Wrapping with recipient-v1",
/// "Unwrapping with identity-v1").
struct PluginConversation {
  let channel: PluginChannel
  let name: PluginName
  let interaction: any PluginInteraction

  /// A key that the plugin understands.
  enum Key {
    case recipient(String)
    case identity(SecretBytes)
  }

  /// Has the plugin wrap a file key.
  func wrap(_ fileKey: FileKey, for key: Key) throws(CryptoError) -> WrappedFileKey {
    try add(key)
    try PluginGrease.send(over: channel)
    try channel.send("wrap-file-key", body: fileKey.secret)
    try channel.send("extension-labels")
    try channel.send("done")

    var stanzas: [Stanza] = []
    var labels: Set<String>?
    while let message = try nextResult() {
      switch message.command {
      case "recipient-stanza":
        // There may be more stanzas than recipients; other programs accept that too.
        guard let (number, stanza) = message.numberedStanza, number == 0 else {
          throw broken(message)
        }
        stanzas.append(stanza)
        try channel.send("ok")
      case "labels":
        guard labels == nil else { throw broken(message) }
        labels = Set(message.arguments)
        try channel.send("ok")
      default:
        try channel.send("unsupported")
      }
    }
    guard !stanzas.isEmpty else { throw channel.failure("gave no stanza: it did not do its part") }
    return WrappedFileKey(stanzas, labels: labels ?? [])
  }

  /// Has the plugin look for a stanza that is for its key, and unwrap the file key; `nil` if there
  /// is none.
  func unwrap(
    _ stanzas: [Stanza], with identity: SecretBytes
  ) throws(CryptoError) -> FileKey? {
    guard stanzas.allSatisfy(\.isWritable) else {
      throw Header.malformed("it has a stanza that cannot be written")
    }
    try add(.identity(identity))
    try PluginGrease.send(over: channel)
    for stanza in stanzas {
      try channel.send(
        "recipient-stanza", ["0", stanza.type] + stanza.arguments, body: stanza.body.span.bytes)
    }
    try channel.send("done")

    var fileKey: FileKey?
    while let message = try nextResult() {
      switch message.command {
      case "file-key":
        guard fileKey == nil, message.argumentCount == 1, message.number(0) == 0,
          message.body.count == FileKey.byteCount
        else { throw broken(message) }
        fileKey = try FileKey(message.body)
        try channel.send("ok")
      default:
        try channel.send("unsupported")
      }
    }
    return fileKey
  }

  private func add(_ key: Key) throws(CryptoError) {
    switch key {
    case .recipient(let text): try channel.send("add-recipient", [text])
    case .identity(let text): try channel.send("add-identity", secretArgument: text)
    }
  }

  /// The next message that is not a question to the person; `nil` once the plugin is done.
  ///
  /// - Throws: ``CryptoError/Code/plugin`` if the plugin reports an error.
  private func nextResult() throws(CryptoError) -> PluginMessage? {
    while true {
      let message = try channel.receive()
      switch message.command {
      case "done":
        return nil
      case "error":
        try channel.send("ok")
        let text = message.text.split(whereSeparator: \.isNewline).joined(separator: " ")
        throw channel.failure("reports: \(text)")
      case "msg":
        try channel.send(interaction.show(message.text, from: name.text) ? "ok" : "fail")
      case "request-public":
        if let answer = interaction.requestText(message.text, from: name.text) {
          try channel.send("ok", body: Array(answer.utf8).span.bytes)
        } else {
          try channel.send("fail")
        }
      case "request-secret":
        if let answer = interaction.requestSecret(message.text, from: name.text) {
          try channel.send("ok", body: answer)
        } else {
          try channel.send("fail")
        }
      case "confirm":
        try confirm(message)
      default:
        return message
      }
    }
  }

  private func confirm(_ message: PluginMessage) throws(CryptoError) {
    let labels = message.arguments.map { Base64.decode($0) }
    guard (1...2).contains(labels.count), let yes = labels[0] else { throw broken(message) }
    var no: String?
    if labels.count == 2 {
      guard let bytes = labels[1] else { throw broken(message) }
      no = PluginText.display(bytes.span.bytes)
    }
    let answer = interaction.confirm(
      message.text, yes: PluginText.display(yes.span.bytes), no: no, from: name.text)
    switch answer {
    case true?: try channel.send("ok", ["yes"])
    case false?: try channel.send("ok", ["no"])
    case nil: try channel.send("fail")
    }
  }

  private func broken(_ message: PluginMessage) -> CryptoError {
    channel.failure("broke the rules of the conversation with its \(message.command)")
  }
}
