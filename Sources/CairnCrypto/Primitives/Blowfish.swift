import CLibCrypto

/// The block cipher Blowfish with the expensive key schedule of bcrypt (Provos and Mazières,
/// "A Future-Adaptable Password Scheme"), which libcrypto does not offer.
///
/// Only what ``BcryptPBKDF`` needs: keys and salts of 64 bytes, given as 16 words of which the most
/// significant byte comes first in memory.
struct Blowfish: ~Copyable {
  /// Words in a key and in a salt.
  static let keyWords = 16
  /// Words in the P-array, one for each round and two more.
  private static let subkeys = 18
  /// Words in the four S-boxes.
  private static let boxes = 4 * 256
  /// Words of state.
  static let stateWords = subkeys + boxes

  /// The P-array, then the S-boxes.
  private let state: UnsafeMutablePointer<UInt32>

  /// Begins with the state that stands before any key: digits of pi.
  ///
  /// - Precondition: `initial` has ``stateWords`` words.
  init(initial: [UInt32]) {
    precondition(initial.count == Self.stateWords, "Blowfish has 1042 words of state")
    state = .allocate(capacity: Self.stateWords)
    for i in 0..<Self.stateWords { state[i] = initial[i] }
  }

  deinit {
    OPENSSL_cleanse(state, Self.stateWords * MemoryLayout<UInt32>.stride)
    state.deallocate()
  }

  /// Works `key` in, without a salt if there is none.
  ///
  /// - Precondition: `key` and `salt` have ``keyWords`` words.
  mutating func expand(key: UnsafeBufferPointer<UInt32>, salt: UnsafeBufferPointer<UInt32>?) {
    precondition(
      key.count == Self.keyWords && salt.map { $0.count == Self.keyWords } != false,
      "a key has 16 words, and so has a salt")
    for i in 0..<Self.subkeys { state[i] ^= key[i % Self.keyWords] }
    var (left, right): (UInt32, UInt32) = (0, 0)
    var i = 0
    while i < Self.stateWords {
      if let salt {
        left ^= salt[i % Self.keyWords]
        right ^= salt[(i + 1) % Self.keyWords]
      }
      encrypt(&left, &right)
      state[i] = left
      state[i + 1] = right
      i += 2
    }
  }

  /// Encrypts a block of two words.
  func encrypt(_ left: inout UInt32, _ right: inout UInt32) {
    let subkeys = UnsafePointer(state)
    let boxes = subkeys + Self.subkeys
    var (x, y) = (left ^ subkeys[0], right)
    var i = 1
    while i < 17 {
      y ^= Self.mix(x, boxes) ^ subkeys[i]
      x ^= Self.mix(y, boxes) ^ subkeys[i + 1]
      i += 2
    }
    left = y ^ subkeys[17]
    right = x
  }

  @inline(__always)
  private static func mix(_ x: UInt32, _ boxes: UnsafePointer<UInt32>) -> UInt32 {
    let a = boxes[Int(x >> 24)] &+ boxes[256 + Int(x >> 16 & 255)]
    return (a ^ boxes[512 + Int(x >> 8 & 255)]) &+ boxes[768 + Int(x & 255)]
  }
}
