import CLibCrypto

/// A non-negative integer of any size in libcrypto's storage for secrets: overwritten when it goes.
///
/// Operations fail only for want of memory or where they are not defined, division by zero, say;
/// they return `nil` then.
struct BigNumber: ~Copyable {
  /// libcrypto's `BIGNUM`, for calls into C.
  let pointer: OpaquePointer

  private init?(_ pointer: OpaquePointer?) {
    guard let pointer else { return nil }
    self.pointer = pointer
  }

  /// Makes a zero.
  init?() { self.init(Self.allocate { _ in true }) }

  /// Makes a small number.
  init?(_ value: UInt) { self.init(Self.allocate { BN_set_word($0, .init(value)) == 1 }) }

  /// Reads a number whose most significant byte comes first.
  init?(bigEndian bytes: RawSpan) {
    guard let count = Int32(exactly: bytes.byteCount) else { return nil }
    self.init(
      bytes.withUnsafeBytes { bytes in
        let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return Self.allocate { BN_bin2bn(start, count, $0) != nil }
      })
  }

  /// Reads a number of a key, by libcrypto's name for it.
  init?(_ name: String, of key: OpaquePointer) {
    self.init(
      Self.allocate { result in
        var result: OpaquePointer? = result
        return EVP_PKEY_get_bn_param(key, name, &result) == 1
      })
  }

  /// A new number, if `body` succeeds in writing it.
  private static func allocate(_ body: (OpaquePointer) -> Bool) -> OpaquePointer? {
    guard let pointer = BN_secure_new() else { return nil }
    guard body(pointer) else {
      BN_clear_free(pointer)
      return nil
    }
    return pointer
  }

  deinit { BN_clear_free(pointer) }

  /// Bits without leading zeroes.
  var bitCount: Int { Int(BN_num_bits(pointer)) }

  var isOdd: Bool { BN_is_odd(pointer) == 1 }

  var isOne: Bool { BN_is_one(pointer) == 1 }

  func equals(_ other: borrowing BigNumber) -> Bool { BN_cmp(pointer, other.pointer) == 0 }

  /// Has libcrypto choose algorithms whose time does not depend on this number.
  consuming func inConstantTime() -> BigNumber {
    BN_set_flags(pointer, BN_FLG_CONSTTIME)
    return self
  }

  /// The bytes, the most significant first, with zeroes in front up to `count`.
  ///
  /// - Precondition: The number fits.
  func bigEndian(count: Int) -> SecretBytes {
    SecretBytes(count: count) { out in
      let written = BN_bn2binpad(
        pointer, out.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(out.count))
      precondition(written == Int32(count), "a number has more than \(count) bytes")
    }
  }

  /// What `body` writes into a new number.
  private static func make(
    _ body: (_ result: OpaquePointer, _ scratch: OpaquePointer) -> Bool
  ) -> BigNumber? {
    guard let scratch = BN_CTX_new_ex(LibCrypto.shared.context) else { return nil }
    defer { BN_CTX_free(scratch) }
    return BigNumber(allocate { body($0, scratch) })
  }

  func times(_ other: borrowing BigNumber) -> BigNumber? {
    let (a, b) = (pointer, other.pointer)
    return Self.make { BN_mul($0, a, b, $1) == 1 }
  }

  /// This number, which is not zero, less one.
  func minusOne() -> BigNumber? {
    let a = pointer
    return Self.make { result, _ in BN_copy(result, a) != nil && BN_sub_word(result, 1) == 1 }
  }

  func modulo(_ modulus: borrowing BigNumber) -> BigNumber? {
    let (a, m) = (pointer, modulus.pointer)
    return Self.make { BN_nnmod($0, a, m, $1) == 1 }
  }

  func plus(_ other: borrowing BigNumber, modulo modulus: borrowing BigNumber) -> BigNumber? {
    let (a, b, m) = (pointer, other.pointer, modulus.pointer)
    return Self.make { BN_mod_add($0, a, b, m, $1) == 1 }
  }

  func minus(_ other: borrowing BigNumber, modulo modulus: borrowing BigNumber) -> BigNumber? {
    let (a, b, m) = (pointer, other.pointer, modulus.pointer)
    return Self.make { BN_mod_sub($0, a, b, m, $1) == 1 }
  }

  func times(_ other: borrowing BigNumber, modulo modulus: borrowing BigNumber) -> BigNumber? {
    let (a, b, m) = (pointer, other.pointer, modulus.pointer)
    return Self.make { BN_mod_mul($0, a, b, m, $1) == 1 }
  }

  /// The number that times this one is 1; `nil` if there is none.
  func inverse(modulo modulus: borrowing BigNumber) -> BigNumber? {
    let (a, m) = (pointer, modulus.pointer)
    return Self.make { BN_mod_inverse($0, a, m, $1) != nil }
  }

  /// Whether this is the square of something, or zero.
  func isSquare(moduloPrime prime: borrowing BigNumber) -> Bool {
    guard let scratch = BN_CTX_new_ex(LibCrypto.shared.context) else { return false }
    defer { BN_CTX_free(scratch) }
    let symbol = BN_kronecker(pointer, prime.pointer, scratch)
    return symbol == 0 || symbol == 1
  }
}
