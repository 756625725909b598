import CairnCrypto
import CommandSupport
import SystemPackage

/// Asks for passphrases: on the terminal, or from a descriptor, a line each time.
struct SecretSource: Sendable {
  private let file: FileDescriptor?

  init(_ options: PassphraseOptions) {
    file = options.passphraseFd.map { FileDescriptor(rawValue: $0) }
  }

  /// For what the library asks for: a protected SSH key or identity file.
  var provider: PassphraseProvider {
    { request in try passphrase("Enter the passphrase of \(request)") }
  }

  /// A passphrase that exists.
  func passphrase(_ prompt: String) throws -> SecretBytes {
    if let file { return try line(from: file) }
    return try Terminal.readSecret(prompt)
  }

  /// A passphrase to encrypt with, which on the terminal is asked for twice.
  func newPassphrase() throws -> SecretBytes {
    if let file { return try line(from: file) }
    let first = try Terminal.readSecret("Enter a passphrase")
    guard first.count > 0 else {
      throw Failure("an empty passphrase protects nothing: give one of several words")
    }
    guard try Terminal.readSecret("Enter it again") == first else {
      throw Failure("the two passphrases differ: try again")
    }
    return first
  }

  private func line(from file: FileDescriptor) throws -> SecretBytes {
    let secret: SecretBytes
    do {
      secret = try SecretLine.read(from: file)
    } catch let error as Errno {
      throw Failure("cannot read a passphrase from descriptor \(file.rawValue): \(error)")
    }
    guard secret.count > 0 else {
      throw Failure("there is no passphrase on descriptor \(file.rawValue): write one to a line")
    }
    return secret
  }
}
