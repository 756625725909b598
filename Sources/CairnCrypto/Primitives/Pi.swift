import CLibCrypto

/// The number pi: what algorithms start from to show that nothing is hidden in their constants.
enum Pi {
  /// The first `count` words of 32 bits after the point, computed in some 40 milliseconds for the
  /// 1042 words that Blowfish wants.
  ///
  /// Machin's formula, pi = 16 arctan(1/5) - 4 arctan(1/239), in integers that stand for
  /// multiples of a power of two.
  static func fraction(words count: Int) throws(CryptoError) -> [UInt32] {
    let byteCount = count * MemoryLayout<UInt32>.size
    // Each of some thousands of divisions rounds; the words in excess take the error.
    let guardBits = 64
    let bits = Int32(byteCount * 8 + guardBits)
    LibCrypto.clearErrors()
    guard let pi = arctangent(inverse: 5, bits: bits),
      let term = arctangent(inverse: 239, bits: bits),
      BN_lshift(pi.pointer, pi.pointer, 2) == 1,
      BN_sub(pi.pointer, pi.pointer, term.pointer) == 1,
      BN_lshift(pi.pointer, pi.pointer, 2) == 1,
      BN_mask_bits(pi.pointer, bits) == 1,
      BN_rshift(pi.pointer, pi.pointer, Int32(guardBits)) == 1
    else { throw LibCrypto.error("compute pi") }
    return pi.bigEndian(count: byteCount).withBytes { bytes in
      (0..<count).map { i in
        UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 4 * i, as: UInt32.self))
      }
    }
  }

  /// arctan(1/x) = 1/x - 1/(3 x³) + 1/(5 x⁵) - …, times two to the power of `bits`.
  private static func arctangent(inverse x: UInt, bits: Int32) -> BigNumber? {
    guard let power = BigNumber(1), let term = BigNumber(), let sum = BigNumber(),
      BN_lshift(power.pointer, power.pointer, bits) == 1,
      divide(power, by: x)
    else { return nil }
    var divisor: UInt = 1
    while BN_is_zero(power.pointer) == 0 {
      let isAdded = divisor % 4 == 1
      guard BN_copy(term.pointer, power.pointer) != nil, divide(term, by: divisor),
        (isAdded ? BN_add : BN_sub)(sum.pointer, sum.pointer, term.pointer) == 1,
        divide(power, by: x * x)
      else { return nil }
      divisor += 2
    }
    return sum
  }

  private static func divide(_ number: borrowing BigNumber, by divisor: UInt) -> Bool {
    // The remainder is returned; all bits set stand for a failure.
    BN_div_word(number.pointer, .init(divisor)) != .max
  }
}
