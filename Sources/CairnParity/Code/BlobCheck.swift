#if Parity
  import CairnCore

  /// Finds the damaged shards of a blob that is read in order.
  struct BlobCheck {
    let sidecar: Sidecar
    /// The damaged shards so far, in order.
    private(set) var damaged: [Int] = []
    private(set) var shard: Int

    /// - Parameter shard: the one with which the bytes begin.
    init(_ sidecar: Sidecar, from shard: Int = 0) {
      self.sidecar = sidecar
      self.shard = shard
    }

    /// Takes the next bytes: a number of whole shards, unless the blob ends in them. What lies behind
    /// the end that it should have is of no concern here.
    mutating func take(_ bytes: [UInt8]) {
      let layout = sidecar.layout
      var offset = 0
      while offset < bytes.count, shard < layout.shards {
        let length = min(layout.shardSize, layout.blobSize - shard * layout.shardSize)
        if offset + length > bytes.count || !isSound(bytes, offset..<offset + length) {
          damaged.append(shard)
        }
        offset += length
        shard += 1
      }
    }

    /// All that was not taken is missing.
    mutating func finish() {
      damaged += shard..<max(shard, sidecar.layout.shards)
      shard = sidecar.layout.shards
    }

    private func isSound(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
      let size = sidecar.layout.shardSize
      let checksum = bytes.withRawBytes { bytes in
        let part = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard part.count < size else { return Checksum.of(part) }
        // The last shard is filled up with zeros.
        let filled = Array(part) + repeatElement(0, count: size - part.count)
        return filled.withRawBytes { Checksum.of($0) }
      }
      return sidecar.isListed(shard, checksum)
    }
  }
#endif
