/// An identity that can tell, without asking anybody, for whom to seal so that it opens.
protocol RecipientKnowing: Identity {
  /// For whom to seal so that this identity opens.
  var knownRecipient: any Recipient { get }
}

extension X25519Identity: RecipientKnowing {
  var knownRecipient: any Recipient { recipient }
}

extension SSHEd25519Identity: RecipientKnowing {
  var knownRecipient: any Recipient { recipient }
}

extension SSHRSAIdentity: RecipientKnowing {
  var knownRecipient: any Recipient { recipient }
}

extension SSHProtectedIdentity: RecipientKnowing {
  var knownRecipient: any Recipient { recipient }
}

extension PostQuantumIdentity: RecipientKnowing {
  var knownRecipient: any Recipient { recipient }
}

extension PluginIdentity: RecipientKnowing {
  var knownRecipient: any Recipient { recipient }
}
