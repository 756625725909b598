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
    // Filled from the end, where the digits are known first: no allocation for each small blob.
    withUnsafeTemporaryAllocation(byteCount: Self.headerLimit, alignment: 1) { header in
      var start = header.count - 1
      header[start] = 0
      var rest = byteCount
      repeat {
        start -= 1
        header[start] = UInt8(ascii: "0") + UInt8(rest % 10)
        rest /= 10
      } while rest > 0
      start -= 1
      header[start] = Byte.space
      let name = kind.name.utf8
      start -= name.count
      for (place, byte) in name.enumerated() { header[start + place] = byte }
      update(UnsafeRawBufferPointer(rebasing: header[start...]).bytes)
    }
  }

  /// The longest name of a type, a space, the digits of a 64-bit number, and a zero.
  private static let headerLimit = 6 + 1 + 20 + 1

  func update(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { bytes in
      precondition(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1)
    }
  }

  func finish() -> ObjectID {
    withUnsafeTemporaryAllocation(byteCount: ObjectID.byteCount, alignment: 8) { digest in
      precondition(
        EVP_DigestFinal_ex(
          context, digest.baseAddress!.assumingMemoryBound(to: UInt8.self), nil) == 1)
      return ObjectID(UnsafeRawBufferPointer(digest).bytes)
    }
  }

  /// The id of an object that is in memory.
  func id(of kind: ObjectKind, _ bytes: RawSpan) -> ObjectID {
    start(kind, byteCount: UInt64(bytes.byteCount))
    update(bytes)
    return finish()
  }
}
