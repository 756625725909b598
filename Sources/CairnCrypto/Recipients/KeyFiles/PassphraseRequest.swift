/// Asks the person in front of the program for a passphrase.
///
/// It is called on the thread that needs the passphrase, may block, and throws what it likes where
/// there is none to be had: ``CryptoError`` as it is, anything else becomes the cause of one with
/// the code ``CryptoError/Code/external``.
public typealias PassphraseProvider = @Sendable (PassphraseRequest) throws -> SecretBytes

/// What a passphrase is asked for.
public struct PassphraseRequest: Sendable, Hashable {
  /// What a passphrase protects, to switch on.
  public struct Subject: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String, Hashable { case sshKey, identityFile }
    private let kind: Kind
    private init(_ kind: Kind) { self.kind = kind }

    /// A private key of SSH; ``PassphraseRequest/publicKey`` says which, if that is known.
    public static let sshKey = Subject(.sshKey)
    /// A file of private keys that is itself sealed with a passphrase.
    public static let identityFile = Subject(.identityFile)

    /// The name of the subject, as in the source.
    public var description: String { kind.rawValue }
  }

  /// What the passphrase protects.
  public let subject: Subject
  /// The public half of an SSH key as its line in an authorized_keys file, if it is known.
  public let publicKey: String?

  /// Makes a request, for a test of a provider, say.
  public init(_ subject: Subject, publicKey: String? = nil) {
    self.subject = subject
    self.publicKey = publicKey
  }

  /// Calls `provider`, and gives its errors the type of this module's.
  func ask(_ provider: PassphraseProvider) throws(CryptoError) -> SecretBytes {
    do {
      return try provider(self)
    } catch let error as CryptoError {
      throw error
    } catch {
      throw CryptoError(
        .external, "there is no passphrase for \(self)", cause: error)
    }
  }
}

extension PassphraseRequest: CustomStringConvertible {
  /// What a prompt may say after "passphrase for".
  public var description: String {
    switch subject {
    case .identityFile: "the identity file"
    default: publicKey.map { "the SSH key \($0)" } ?? "the SSH key"
    }
  }
}
