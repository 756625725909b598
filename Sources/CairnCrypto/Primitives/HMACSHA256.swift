import CLibCrypto

/// HMAC-SHA256 (RFC 2104) under one key, for many messages.
///
/// The key is worked in once, so a short message costs little more than its blocks. A value may be
/// handed to another thread; using it from two at once does not compile.
public struct HMACSHA256: ~Copyable, @unchecked Sendable {
  // `@unchecked Sendable`: the three contexts have this value as their only owner, and all that
  // touches them is mutating, so the compiler sees to it that one thread uses them at a time.
  private let inner = DigestState()
  private let outer = DigestState()
  private let state = DigestState()

  private static let blockSize = 64

  /// Begins with the empty message under `key`, which may have any length.
  public init(key: SecretBytes) {
    key.withUnsafeBytes { key in
      if key.count > Self.blockSize {
        SHA256.hash(of: key).withBytes { $0.withUnsafeBytes { setKey($0) } }
      } else {
        setKey(key)
      }
    }
    state.start(from: inner)
  }

  private func setKey(_ key: UnsafeRawBufferPointer) {
    Self.start(inner, key: key, pad: 0x36)
    Self.start(outer, key: key, pad: 0x5c)
  }

  private static func start(
    _ state: borrowing DigestState, key: UnsafeRawBufferPointer, pad: UInt8
  ) {
    withUnsafeTemporaryAllocation(byteCount: blockSize, alignment: 8) { block in
      for i in 0..<blockSize { block[i] = (i < key.count ? key[i] : 0) ^ pad }
      state.start()
      state.update(UnsafeRawBufferPointer(block))
      OPENSSL_cleanse(block.baseAddress, block.count)
    }
  }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { state.update($0) }
  }

  /// Appends bytes to the message.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bytes) }

  /// Returns the code of the message, and begins with the empty message again.
  public mutating func finalize() -> Digest {
    let digest = state.finish()
    state.start(from: outer)
    digest.withBytes { bytes in bytes.withUnsafeBytes { state.update($0) } }
    let code = state.finish()
    state.start(from: inner)
    return code
  }

  /// Forgets the message, and begins with the empty one again.
  public mutating func reset() { state.start(from: inner) }

  /// Returns the code of `bytes` under `key`.
  public static func authenticate(_ bytes: RawSpan, key: SecretBytes) -> Digest {
    var hmac = HMACSHA256(key: key)
    hmac.update(bytes)
    return hmac.finalize()
  }
}
