/// A bijection of 64-bit numbers (the finaliser of SplitMix64): as good as random keys, all different.
@inline(__always)
func scattered(_ number: UInt64) -> UInt64 {
  var value = number &* 0x9E37_79B9_7F4A_7C15
  value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
  value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
  return value ^ (value >> 31)
}

/// A number below `limit`, another one for each `index`.
@inline(__always)
func draw(_ index: Int, below limit: Int) -> Int {
  Int(scattered(UInt64(index) | 1 << 60).multipliedFullWidth(by: UInt64(limit)).high)
}
