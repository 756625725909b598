import CLibCrypto

/// The state of a SHA-256 computation: libcrypto's context, owned.
///
/// None of its calls can fail but for want of memory or by a mistake in this module, so they trap
/// rather than throw.
struct DigestState: ~Copyable {
  private let context: OpaquePointer

  init() {
    guard let context = EVP_MD_CTX_new() else { fatalError("out of memory") }
    self.context = context
  }

  deinit { EVP_MD_CTX_free(context) }

  func start() { check(EVP_DigestInit_ex2(context, LibCrypto.shared.sha256, nil)) }

  /// Takes over the state of `other`.
  func start(from other: borrowing DigestState) {
    check(EVP_MD_CTX_copy_ex(context, other.context))
  }

  func update(_ bytes: UnsafeRawBufferPointer) {
    check(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count))
  }

  /// Returns the digest; the state must be started again before it is used again.
  func finish() -> Digest {
    withUnsafeTemporaryAllocation(byteCount: Digest.byteCount, alignment: 8) { out in
      check(
        EVP_DigestFinal_ex(context, out.baseAddress?.assumingMemoryBound(to: UInt8.self), nil))
      return Digest(bytes: UnsafeRawBufferPointer(out))
    }
  }

  private func check(_ result: Int32) {
    precondition(result == 1, "libcrypto refuses to compute SHA-256")
  }
}
