import CairnCore
import CairnCrypto

/// A way in: an identity that the access blobs are sealed for, in an age file of its own below
/// `keys/` for the passphrase or the recipients of whoever comes in by it.
///
///     # cairn way 1
///     # repository <the repository's id>
///     AGE-SECRET-KEY-1...
///
/// So an owner can give new access to somebody whose passphrase he does not know.
struct Way: Sendable {
  let repository: RepositoryID
  let identity: X25519Identity

  static func fresh(in repository: RepositoryID) throws(ChunkStoreError) -> Way {
    do {
      return Way(repository: repository, identity: try X25519Identity.generate())
    } catch {
      throw .sealing(error)
    }
  }

  var text: SecretBytes {
    SecretText.join([
      .text("# cairn way 1\n# repository \(repository)\n"), .secret(identity.exportText()),
      .text("\n"),
    ])
  }

  /// Whether a way in is meant, and not the access itself, as in the first format.
  static func isMeant(by text: SecretBytes) -> Bool {
    SecretFields(text).text("cairn")?.hasPrefix("way ") == true
  }

  /// - Returns: `nil` if it belongs to another repository.
  static func read(
    _ text: SecretBytes, for descriptor: Descriptor, in blob: BlobName
  ) throws(ChunkStoreError) -> Way? {
    let fields = SecretFields(text)
    guard fields.text("cairn") == "way 1" else {
      throw ChunkStoreError(
        .newerFormat,
        "the way in \(blob) is of a kind that this program does not know; use a newer version",
        blob: blob)
    }
    let identity: X25519Identity?
    do {
      identity = try fields.identities(1)?.first
    } catch {
      throw .damaged(blob, "\(error)")
    }
    guard let identity, let repository = fields.text("repository").flatMap({ RepositoryID($0) })
    else { throw .damaged(blob, "its fields make no sense") }
    let way = Way(repository: repository, identity: identity)
    guard way.text == text else { throw .damaged(blob, "its fields make no sense") }
    return repository == descriptor.id ? way : nil
  }
}
