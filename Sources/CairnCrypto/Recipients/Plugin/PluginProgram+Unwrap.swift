extension PluginProgram {
  /// What the age program wants to have unwrapped, and with which keys.
  private struct UnwrapRequest {
    var identities: [SecretBytes] = []
    /// The stanzas of each file.
    var files: [[Stanza]] = []

    init(from channel: PluginChannel) throws(CryptoError) {
      while true {
        let message = try channel.receive()
        switch message.command {
        case "add-identity" where message.argumentCount == 1:
          identities.append(message.secretArgument(0))
        case "recipient-stanza":
          guard let (file, stanza) = message.numberedStanza else { throw broken(channel, message) }
          switch file {
          case files.count: files.append([stanza])
          case files.count - 1: files[file].append(stanza)
          default: throw broken(channel, message)
          }
        case "add-identity": throw broken(channel, message)
        case "done": return
        default: break
        }
      }
    }

    private func broken(_ channel: PluginChannel, _ message: PluginMessage) -> CryptoError {
      channel.failure("broke the rules of the conversation with \(message.command)")
    }
  }

  /// C2SP age-plugin.md, "Unwrapping with identity-v1".
  func unwrap(over channel: PluginChannel) throws(CryptoError) {
    let request = try UnwrapRequest(from: channel)
    let client = PluginClient(channel)
    defer { client.end() }
    try PluginGrease.send(to: client)
    if let identities = try identities(request.identities, client) {
      for (file, stanzas) in request.files.enumerated() {
        try unwrap(stanzas, of: file, with: identities, client)
      }
    }
    try client.finish()
  }

  /// The identities of the texts; `nil` if the age program has been told that one is none.
  private func identities(
    _ texts: [SecretBytes], _ client: PluginClient
  ) throws(CryptoError) -> [any Identity]? {
    var identities: [any Identity] = []
    for (i, text) in texts.enumerated() {
      do throws(CryptoError) {
        let data = try data(of: text) { PluginName.identity($0) }
        identities.append(try keys.identity(data, asking: client))
      } catch {
        try tell(error, about: ["identity", String(i)], to: client)
        return nil
      }
    }
    return identities
  }

  private func unwrap(
    _ stanzas: [Stanza], of file: Int, with identities: [any Identity], _ client: PluginClient
  ) throws(CryptoError) {
    for (i, identity) in identities.enumerated() {
      let found: FileKey?
      do throws(CryptoError) {
        found = try identity.unwrap(stanzas)
      } catch {
        // Identities do not say which stanza broke the rules; the file is what counts.
        let subject =
          error.code == .header ? ["stanza", String(file), "0"] : ["identity", String(i)]
        return try tell(error, about: subject, to: client)
      }
      if let found {
        _ = try found.withBytes { (key) throws(CryptoError) in
          try client.ask("file-key", [String(file)], body: key)
        }
        return
      }
    }
  }

  private func tell(
    _ error: CryptoError, about subject: [String], to client: PluginClient
  ) throws(CryptoError) {
    let text = Array(error.description.utf8)
    _ = try client.ask("error", subject, body: text.span.bytes)
  }
}
