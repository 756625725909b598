import CLibCrypto

/// SHA-256 (FIPS 180-4), bit by bit or at once.
///
/// One value hashes any number of messages, one after the other, without allocating for each. It
/// may be handed to another thread; using it from two at once does not compile.
public struct SHA256: ~Copyable, @unchecked Sendable {
  // `@unchecked Sendable`: the context has this value as its only owner, and all that touches it
  // is mutating, so the compiler sees to it that one thread uses it at a time.
  private let state: DigestState

  /// Begins with the empty message.
  public init() {
    state = DigestState()
    state.start()
  }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { state.update($0) }
  }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bytes) }

  /// Returns the digest of the message, and begins with the empty message again.
  public mutating func finalize() -> Digest {
    let digest = state.finish()
    state.start()
    return digest
  }

  /// Forgets the message, and begins with the empty one again.
  public mutating func reset() { state.start() }

  /// Returns the digest of `bytes`.
  public static func hash(of bytes: RawSpan) -> Digest {
    bytes.withUnsafeBytes { hash(of: $0) }
  }

  /// Returns the digest of `bytes`.
  public static func hash(of bytes: UnsafeRawBufferPointer) -> Digest {
    let state = DigestState()
    state.start()
    state.update(bytes)
    return state.finish()
  }
}
