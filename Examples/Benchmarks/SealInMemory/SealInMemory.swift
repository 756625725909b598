import CairnCrypto

/// Measures what `compare-seal` cannot see from outside: sealing in memory on one processor, and
/// small messages.
@main
struct SealInMemory {
  static func main() throws {
    let identity = try X25519Identity.generate()
    let fileKey = try FileKey()
    var cipher = try SegmentCipher(PayloadKey.generate(for: fileKey).key)
    let plain = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Segment.sealedSize, alignment: 64)
    plain.initializeMemory(as: UInt8.self, repeating: 7)
    let sealed = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Segment.sealedSize, alignment: 64)
    let message = UnsafeRawBufferPointer(rebasing: plain[..<Segment.plainSize])

    let sealing = try fastest(of: 20, count: 2000) {
      try cipher.seal(message, index: 0, isFinal: false, into: plain)
    }
    print("segment-seal-MiB/s", Int(Double(Segment.plainSize) / sealing / 1_048_576))
    try cipher.seal(message, index: 0, isFinal: false, into: sealed)
    let opening = try fastest(of: 20, count: 2000) {
      try cipher.open(UnsafeRawBufferPointer(sealed), index: 0, isFinal: false, into: plain)
    }
    print("segment-open-MiB/s", Int(Double(Segment.plainSize) / opening / 1_048_576))

    let note = [UInt8](repeating: 1, count: 200)
    let file = try Age.seal(note, to: [identity.recipient])
    let sealingSmall = try fastest(of: 20, count: 500) {
      _ = try Age.seal(note, to: [identity.recipient])
    }
    print("200-bytes-seal-us", Int(sealingSmall * 1e6))
    let openingSmall = try fastest(of: 20, count: 500) {
      _ = try Age.open(file, with: [identity])
    }
    print("200-bytes-open-us", Int(openingSmall * 1e6))
  }

  /// Seconds for one call, in the fastest of some rounds: what disturbs only makes slower.
  private static func fastest(
    of rounds: Int, count: Int, _ body: () throws -> Void
  ) throws -> Double {
    let clock = ContinuousClock()
    var best = Duration.seconds(1_000_000)
    for _ in 0..<rounds {
      let time = try clock.measure { for _ in 0..<count { try body() } }
      best = min(best, time)
    }
    return best / .seconds(count)
  }
}
