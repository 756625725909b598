import CairnCrypto
import Foundation
import Testing

/// Bytes of any number that repeat at no length that matters here.
func sampleBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt8(truncatingIfNeeded: state >> 56)
  }
}

extension [UInt8] {
  /// Whether these are the first bytes of `other`; much faster than `starts(with:)` without the
  /// optimiser.
  func isBeginning(of other: [UInt8]) -> Bool {
    guard count <= other.count else { return false }
    return withUnsafeBytes { bytes in
      other.withUnsafeBytes { other in
        guard let a = bytes.baseAddress, let b = other.baseAddress else { return bytes.isEmpty }
        return memcmp(a, b, bytes.count) == 0
      }
    }
  }

  /// Whether these are the same bytes; faster than `==`, as ``isBeginning(of:)``.
  func isSame(as other: [UInt8]) -> Bool { count == other.count && isBeginning(of: other) }
}

/// Lengths at which the cutting into segments changes.
let boundaryLengths = [0, 1, 15, 16, 17, 65535, 65536, 65537, 131071, 131072, 131073, 200_000]

/// The bytes of hexadecimal digits, with any white space between them.
func hex(_ text: String) -> [UInt8] {
  let digits = text.filter { !$0.isWhitespace }
  precondition(digits.count.isMultiple(of: 2))
  return stride(from: 0, to: digits.count, by: 2).map { i in
    let start = digits.index(digits.startIndex, offsetBy: i)
    return UInt8(digits[start...].prefix(2), radix: 16)!
  }
}

func hexText(_ bytes: [UInt8]) -> String {
  bytes.map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined()
}

extension SecretBytes {
  convenience init(_ bytes: [UInt8]) { self.init(copying: bytes.span.bytes) }

  /// A copy for a test to look at.
  var revealed: [UInt8] { withUnsafeBytes { Array($0) } }
}

/// Asserts that `body` throws a ``CryptoError`` with one of `codes`.
func expect(
  _ codes: CryptoError.Code..., sourceLocation: SourceLocation = #_sourceLocation,
  from body: () throws -> Void
) {
  let error = #expect(throws: CryptoError.self, sourceLocation: sourceLocation) { try body() }
  guard let error else { return }
  #expect(codes.contains(error.code), "\(error)", sourceLocation: sourceLocation)
}

/// Gives a file key that it knows, whatever the stanzas; spares tests the work of a real identity.
struct KnownKey: Identity {
  let fileKey: FileKey

  func unwrap(_ stanzas: [Stanza]) -> FileKey? { fileKey }
}
