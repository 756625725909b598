extension PluginProgram {
  /// What the age program wants to have wrapped, and for whom.
  private struct WrapRequest {
    var recipients: [SecretBytes] = []
    var identities: [SecretBytes] = []
    var fileKeys: [FileKey] = []
    var takesLabels = false

    init(from channel: PluginChannel) throws(CryptoError) {
      while true {
        let message = try channel.receive()
        switch (message.command, message.argumentCount) {
        case ("add-recipient", 1): recipients.append(message.secretArgument(0))
        case ("add-identity", 1): identities.append(message.secretArgument(0))
        case ("wrap-file-key", 0): fileKeys.append(try FileKey(message.body))
        case ("extension-labels", _): takesLabels = true
        case ("done", _): return
        case ("add-recipient", _), ("add-identity", _), ("wrap-file-key", _):
          throw channel.failure("broke the rules of the conversation with \(message.command)")
        default: break
        }
      }
    }
  }

  /// What went wrong with which key.
  private struct Failure: Error {
    let subject: [String]
    let error: CryptoError
  }

  /// What the age program is told.
  private struct WrapResult {
    /// For each file key.
    var stanzas: [[Stanza]] = []
    /// Of all recipients.
    var labels: Set<String>?
  }

  /// C2SP age-plugin.md, "Wrapping with recipient-v1".
  func wrap(over channel: PluginChannel) throws(CryptoError) {
    let request = try WrapRequest(from: channel)
    let client = PluginClient(channel)
    do throws(Failure) {
      let result = try wrap(request, asking: client)
      try tell(result, to: client, takesLabels: request.takesLabels)
    } catch {
      // Where the conversation itself broke down, there is nobody to tell.
      if !error.subject.isEmpty {
        let text = Array(error.error.description.utf8)
        _ = try client.ask("error", error.subject, body: text.span.bytes)
        try channel.send("done")
      }
      throw error.error
    }
    try channel.send("done")
  }

  private func wrap(
    _ request: WrapRequest, asking client: PluginClient
  ) throws(Failure) -> WrapResult {
    var recipients: [(recipient: any Recipient, subject: [String])] = []
    for (i, text) in request.recipients.enumerated() {
      let subject = ["recipient", String(i)]
      recipients.append((try make(text, subject, client), subject))
    }
    for (i, text) in request.identities.enumerated() {
      let subject = ["identity", String(i)]
      recipients.append((try make(text, subject, client), subject))
    }
    var result = WrapResult()
    for fileKey in request.fileKeys {
      var stanzas: [Stanza] = []
      for (recipient, subject) in recipients {
        do throws(CryptoError) {
          let wrapped = try recipient.wrap(fileKey)
          guard wrapped.labels == result.labels ?? wrapped.labels else {
            throw CryptoError(.recipients, "this key cannot share a file with the others")
          }
          guard wrapped.stanzas.allSatisfy(\.isWritable) else {
            throw CryptoError(.recipients, "a recipient gave a stanza that cannot be written")
          }
          result.labels = wrapped.labels
          stanzas += wrapped.stanzas
        } catch {
          throw Failure(subject: subject, error: error)
        }
      }
      result.stanzas.append(stanzas)
    }
    return result
  }

  /// The recipient for the text of a recipient or an identity.
  private func make(
    _ text: SecretBytes, _ subject: [String], _ client: PluginClient
  ) throws(Failure) -> any Recipient {
    do throws(CryptoError) {
      if subject[0] == "recipient" {
        return try make(text, recipient, { PluginName.recipient($0) }, client)
      }
      return try make(text, identityAsRecipient, { PluginName.identity($0) }, client)
    } catch {
      throw Failure(subject: subject, error: error)
    }
  }

  private func make(
    _ text: SecretBytes, _ make: MakeRecipient?,
    _ decode: (RawSpan) -> (name: PluginName, data: SecretBytes)?, _ client: PluginClient
  ) throws(CryptoError) -> any Recipient {
    guard let make, let (name, data) = text.withBytes({ decode($0) }), name == self.name else {
      throw CryptoError(.invalidKey, "\(self.name.program) cannot seal for a key of this kind")
    }
    return try make(data, client)
  }

  private func tell(
    _ result: WrapResult, to client: PluginClient, takesLabels: Bool
  ) throws(Failure) {
    do throws(CryptoError) {
      try PluginGrease.send(to: client)
      if takesLabels { _ = try client.ask("labels", (result.labels ?? []).sorted()) }
      for (i, stanzas) in result.stanzas.enumerated() {
        for stanza in stanzas {
          _ = try client.ask(
            "recipient-stanza", [String(i), stanza.type] + stanza.arguments,
            body: stanza.body.span.bytes)
        }
      }
    } catch {
      throw Failure(subject: [], error: error)
    }
  }
}
