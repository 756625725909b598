public import CairnCrypto

/// Where a root was published first, before it was copied to another repository or sealed anew.
///
/// A copy of a copy has the origin of what was copied first, so a root is known again in whatever
/// order repositories are copied to one another.
public struct RootOrigin: Hashable, Sendable {
  public let repository: RepositoryID
  /// The id of the root there.
  public let root: Digest

  public init(repository: RepositoryID, root: Digest) {
    self.repository = repository
    self.root = root
  }
}

extension Root {
  static let originField = "copied-from"
  static let publisherField = "published-by"

  /// Where it was published first; `nil` if that is this root. A field, which whoever publishes may set.
  public var origin: RootOrigin? {
    guard let parts = fields[Self.originField]?.split(separator: "/"), parts.count == 2,
      let repository = RepositoryID(String(parts[0])), let root = Digest(String(parts[1]))
    else { return nil }
    return RootOrigin(repository: repository, root: root)
  }

  /// Where it was published first: there, or in the repository in which it was found.
  func origin(foundIn repository: RepositoryID) -> RootOrigin {
    origin ?? RootOrigin(repository: repository, root: id)
  }

  /// The fields of a copy.
  ///
  /// - Parameter publisher: the key of the writer who published it, if the copy has another signature.
  func fieldsOfCopy(
    from repository: RepositoryID, publishedBy publisher: String? = nil
  ) -> [String: String] {
    let origin = origin(foundIn: repository)
    var fields = fields
    fields[Self.originField] = "\(origin.repository)/\(origin.root)"
    fields[Self.publisherField] = publisher
    return fields
  }
}
