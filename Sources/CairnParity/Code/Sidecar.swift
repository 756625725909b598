#if Parity
  import CairnCore

  /// What is kept of a blob to mend it: checksums of its shards, and parity.
  ///
  /// The bytes may be damaged or hostile: nothing is allocated by what they say, and every shard of
  /// parity is checked before it is used. A shard is sound if its checksum is in one of the two tables,
  /// so a table needs no checksum of its own.
  struct Sidecar: Sendable {
    let layout: ParityLayout
    let bytes: [UInt8]

    /// - Returns: `nil` if nothing can be made of the bytes.
    /// - Throws: ``NewerParity``.
    init?(_ bytes: [UInt8]) throws(NewerParity) {
      let first = try ParityLayout(header: Array(bytes.prefix(ParityLayout.headerSize)))
      var layout = first
      if first?.sidecarSize != bytes.count {
        let last = try ParityLayout(header: Array(bytes.suffix(ParityLayout.headerSize)))
        if let last, last.sidecarSize == bytes.count { layout = last }
      }
      // Without a whole table, no parity is left either.
      guard let layout, layout.parityOffset <= bytes.count else { return nil }
      self.layout = layout
      self.bytes = bytes
    }

    // MARK: Soundness

    /// Whether one of the tables has this checksum for a shard: the data come first, then parity.
    func isListed(_ shard: Int, _ checksum: UInt64) -> Bool {
      layout.tableOffsets.contains { entry(shard, inTableAt: $0) == checksum }
    }

    private func entry(_ number: Int, inTableAt offset: Int) -> UInt64? {
      let start = offset + number * Checksum.byteCount
      guard start + Checksum.byteCount <= bytes.count else { return nil }
      return UInt64(
        littleEndian: bytes.withRawBytes {
          $0.loadUnaligned(fromByteOffset: start, as: UInt64.self)
        })
    }

    /// - Parameter number: of the parity shard, in the order in which they are kept.
    func isParitySound(_ number: Int) -> Bool {
      let start = layout.parityOffset + number * layout.shardSize
      guard start + layout.shardSize <= bytes.count else { return false }
      let checksum = bytes.withRawBytes {
        Checksum.of(UnsafeRawBufferPointer(rebasing: $0[start..<start + layout.shardSize]))
      }
      return isListed(layout.shards + number, checksum)
    }

    /// Whether all of it is as it was written; of the checksums of data it is only known that both
    /// tables have the same.
    var isSound: Bool {
      let header = layout.header
      let (first, second) = (layout.tableOffsets[0], layout.tableOffsets[1])
      guard bytes.count == layout.sidecarSize, bytes.prefix(header.count).elementsEqual(header),
        bytes.suffix(header.count).elementsEqual(header),
        bytes[first..<first + layout.tableSize] == bytes[second..<second + layout.tableSize]
      else { return false }
      return (0..<layout.parityCount).allSatisfy { isParitySound($0) }
    }
  }
#endif
