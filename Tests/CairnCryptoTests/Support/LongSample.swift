import Foundation
import Testing

/// A few MiB of bytes that repeat nowhere, made once.
enum LongSample {
  static let capacity = 6 << 20

  private static let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
    var state: UInt64 = 1
    let words = UnsafeMutableRawBufferPointer(buffer).bindMemory(to: UInt64.self)
    var i = 0
    while i < capacity / 8 {
      // SplitMix64
      state &+= 0x9E37_79B9_7F4A_7C15
      var word = state
      word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
      word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
      words[i] = word ^ (word >> 31)
      i += 1
    }
    count = capacity
  }

  /// The first `count` bytes.
  static func prefix(_ count: Int) -> [UInt8] {
    bytes.withUnsafeBytes { [UInt8]($0[..<count]) }
  }
}

/// Whether two long arrays are the same; says little if they are not, and is fast in debug builds.
func expectSame(
  _ a: [UInt8], _ b: [UInt8], _ comment: @autoclosure () -> Comment = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  if isSame(a, b) { return }
  let difference = zip(a, b).enumerated().first { $1.0 != $1.1 }?.offset
  Issue.record(
    """
    \(a.count) bytes are not the \(b.count) expected; first difference at \
    \(difference.map(String.init) ?? "the end of the shorter"); \(comment())
    """, sourceLocation: sourceLocation)
}

func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  a.count == b.count
    && a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in a.isEmpty || memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0 }
    }
}
