@testable import CairnParity

/// Small shards, so that small blobs have many.
let small = ParityOptions(dataShards: 8, parityShards: 3, shardSize: 64, burst: 0)!

extension Sidecar {
  init(of blob: [UInt8], _ options: ParityOptions) {
    self.init(ParityLayout(of: Int64(blob.count), options)!) { range in
      Array(blob[Int(range.lowerBound)..<Int(range.upperBound)])
    }
  }

  /// The damaged shards of a blob.
  func damage(in blob: [UInt8]) -> [Int] {
    var check = BlobCheck(self)
    check.take(blob)
    check.finish()
    return check.damaged
  }

  /// What mending makes of a blob.
  func mended(_ blob: [UInt8]) -> Mending? { Mending(blob, damage(in: blob), by: self) }
}

extension Array where Element == UInt8 {
  /// Makes every byte of a shard another one.
  mutating func spoil(shard: Int, of size: Int) {
    for offset in shard * size..<Swift.min((shard + 1) * size, count) { self[offset] ^= 0xA5 }
  }
}
