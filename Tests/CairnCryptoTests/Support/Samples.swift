/// Bytes of any number that repeat at no length that matters here.
func sampleBytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt8(truncatingIfNeeded: state >> 56)
  }
}

/// Lengths at which the cutting into segments changes.
let boundaryLengths = [0, 1, 15, 16, 17, 65535, 65536, 65537, 131071, 131072, 131073, 200_000]
