import COpenSSL

/// SHA-1 (FIPS 180-4), by which git names objects; computed by libcrypto.
struct SHA1: ~Copyable {
  private let context: OpaquePointer

  // Fetched once: looking an algorithm up takes longer than hashing a small blob. Never changed nor
  // freed afterwards; OpenSSL's threads(7) lets threads share it.
  private nonisolated(unsafe) static let algorithm = EVP_MD_fetch(nil, "SHA1", nil)

  init() {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Begins the id of an object: the hash of its type, its length and its bytes.
  func start(_ kind: ObjectKind, byteCount: UInt64) {
    precondition(
      EVP_DigestInit_ex2(context, Self.algorithm, nil) == 1, "libcrypto offers no SHA-1")
    var header = kind.name + " " + String(byteCount) + "\0"
    header.withUTF8 { update(UnsafeRawBufferPointer($0).bytes) }
  }

  func update(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { bytes in
      precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1)
    }
  }

  func finish() -> ObjectID {
    var digest = [UInt8](repeating: 0, count: ObjectID.byteCount)
    precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1)
    return ObjectID(digest.span.bytes)
  }

  /// The id of an object that is in memory.
  func id(of kind: ObjectKind, _ bytes: RawSpan) -> ObjectID {
    start(kind, byteCount: UInt64(bytes.byteCount))
    update(bytes)
    return finish()
  }
}
