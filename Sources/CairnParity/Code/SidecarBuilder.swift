#if Parity
  import CairnCore

  extension Sidecar {
    /// What is read of a blob at once.
    static let readSize = 1 << 20

    /// Makes the sidecar of a blob.
    init(_ layout: ParityLayout, of blob: [UInt8]) {
      self.init(layout) { range in Array(blob[Int(range.lowerBound)..<Int(range.upperBound)]) }
    }

    /// Makes the sidecar of a blob, which is read once, in order.
    ///
    /// Memory: the sidecar, and some MiB.
    ///
    /// - Parameter read: gives all bytes of a range of the blob.
    init<Failure: Error>(
      _ layout: ParityLayout, reading read: (Range<Int64>) throws(Failure) -> [UInt8]
    ) throws(Failure) {
      let code = ReedSolomon(
        dataShards: layout.dataShards, parityShards: layout.parityShards)
      var bytes = [UInt8](repeating: 0, count: layout.sidecarSize)
      let step = max(1, Self.readSize / layout.shardSize)
      var shard = 0
      while shard < layout.shards {
        // A piece does not reach into the next column.
        let row = layout.stripe(of: shard)
        let end = min(shard + min(step, layout.stripes - row), layout.shards)
        var piece = try read(
          Int64(shard * layout.shardSize)..<Int64(min(end * layout.shardSize, layout.blobSize)))
        let fill = (end - shard) * layout.shardSize - piece.count
        if fill > 0 { piece += repeatElement(0, count: fill) }
        bytes.withUnsafeMutableBytes { sidecar in
          piece.withRawBytes { piece in
            sidecar.storeChecksums(
              of: piece, layout.shardSize, at: layout.tableOffsets[0] + shard * Checksum.byteCount)
            code.add(
              piece, at: layout.position(of: shard),
              to: sidecar.baseAddress! + layout.parityOffset + row * layout.shardSize,
              stride: layout.columnSize)
          }
        }
        shard = end
      }
      bytes.withUnsafeMutableBytes { sidecar in
        let parity = UnsafeRawBufferPointer(
          rebasing: sidecar[layout.parityOffset..<layout.parityOffset + layout.paritySize])
        let (first, second) = (layout.tableOffsets[0], layout.tableOffsets[1])
        sidecar.storeChecksums(
          of: parity, layout.shardSize, at: first + layout.shards * Checksum.byteCount)
        for (offset, byte) in layout.header.enumerated() {
          sidecar[offset] = byte
          sidecar[second + layout.tableSize + offset] = byte
        }
        UnsafeMutableRawBufferPointer(rebasing: sidecar[second..<second + layout.tableSize])
          .copyMemory(
            from: UnsafeRawBufferPointer(rebasing: sidecar[first..<first + layout.tableSize]))
      }
      self.layout = layout
      self.bytes = bytes
    }
  }

  extension UnsafeMutableRawBufferPointer {
    /// Stores the checksums of all shards of `bytes`, one behind the other.
    fileprivate func storeChecksums(
      of bytes: UnsafeRawBufferPointer, _ shardSize: Int, at offset: Int
    ) {
      var place = offset
      for start in stride(from: 0, to: bytes.count, by: shardSize) {
        let shard = UnsafeRawBufferPointer(rebasing: bytes[start..<start + shardSize])
        storeBytes(of: Checksum.of(shard).littleEndian, toByteOffset: place, as: UInt64.self)
        place += Checksum.byteCount
      }
    }
  }
#endif
