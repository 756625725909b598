/// The 16 random bytes from which everything in one file is derived; recipients wrap it.
///
/// Who has the file key reads the file: hand it on only as you would a password.
public struct FileKey: Sendable {
  /// How many bytes a file key has.
  public static let byteCount = 16

  let secret: SecretBytes

  /// Makes a new file key.
  ///
  /// - Throws: ``CryptoError/Code/library`` if the system has no randomness to give.
  public init() throws(CryptoError) { secret = try SecretBytes(random: Self.byteCount) }

  /// Takes bytes that an ``Identity`` unwrapped.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if there are not exactly 16.
  public init(_ secret: SecretBytes) throws(CryptoError) {
    guard secret.count == Self.byteCount else {
      throw CryptoError(
        .invalidKey, "a file key has \(Self.byteCount) bytes, and this one has \(secret.count)")
    }
    self.secret = secret
  }

  /// Lends the bytes to `body`, for a ``Recipient`` to wrap.
  ///
  /// - Throws: What `body` throws.
  public func withBytes<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try secret.withBytes(body)
  }
}

extension FileKey: Equatable {
  /// Compares in constant time.
  public static func == (a: FileKey, b: FileKey) -> Bool { a.secret == b.secret }
}
