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
        case ("wrap-file-key", 0) where message.body.count == FileKey.byteCount:
          fileKeys.append(try FileKey(message.body))
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
    defer { client.end() }
    do throws(Failure) {
      let result = try wrap(request, asking: client)
      try tell(result, to: client, takesLabels: request.takesLabels)
    } catch {
      // Where the conversation itself broke down, there is nobody to tell.
      if !error.subject.isEmpty {
        let text = Array(error.error.description.utf8)
        _ = try client.ask("error", error.subject, body: text.span.bytes)
        try client.finish()
      }
      throw error.error
    }
    try client.finish()
  }

  private func wrap(
    _ request: WrapRequest, asking client: PluginClient
  ) throws(Failure) -> WrapResult {
    var recipients: [(recipient: any Recipient, subject: [String])] = []
    for (kind, texts) in [("recipient", request.recipients), ("identity", request.identities)] {
      for (i, text) in texts.enumerated() {
        let subject = [kind, String(i)]
        do throws(CryptoError) {
          let recipient = try recipient(text, isIdentity: kind == "identity", client)
          recipients.append((recipient, subject))
        } catch {
          throw Failure(subject: subject, error: error)
        }
      }
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
          let labels = Stanza(type: "labels", arguments: Array(wrapped.labels), body: [])
          guard (wrapped.stanzas + [labels]).allSatisfy(\.isWritable) else {
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

  private func recipient(
    _ text: SecretBytes, isIdentity: Bool, _ client: PluginClient
  ) throws(CryptoError) -> any Recipient {
    isIdentity
      ? try keys.recipient(ofIdentity: data(of: text) { PluginName.identity($0) }, asking: client)
      : try keys.recipient(data(of: text) { PluginName.recipient($0) }, asking: client)
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
