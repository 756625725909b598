#if Parity
  import CairnCore

  /// A blob whose damaged shards have been computed, as far as parity allows.
  struct Mending: Sendable {
    /// As many as the blob should have.
    let bytes: [UInt8]
    /// The shards that are still damaged, in order.
    let lost: [Int]
    /// The shards that were computed, though neither table confirms what came out: they, or these
    /// parts of the tables, are damaged. In order.
    let unconfirmed: [Int]

    /// - Parameters:
    ///   - bytes: of the blob as it is, perhaps too few or too many.
    ///   - damaged: its damaged shards, in order.
    /// - Returns: `nil` if more of the blob is missing than there is parity at all.
    init?(_ bytes: [UInt8], _ damaged: [Int], by sidecar: Sidecar) {
      let layout = sidecar.layout
      guard layout.blobSize <= bytes.count + sidecar.bytes.count else { return nil }
      let code = ReedSolomon(dataShards: layout.dataShards, parityShards: layout.parityShards)
      var whole = Array(bytes.prefix(layout.blobSize))
      whole += repeatElement(0, count: layout.shards * layout.shardSize - whole.count)
      var lost: [Int] = []
      var unconfirmed: [Int] = []
      var recovery: ReedSolomon.Recovery?
      let stripes = Dictionary(grouping: damaged) { layout.stripe(of: $0) }
      for (stripe, shards) in stripes.sorted(by: { $0.key < $1.key }) {
        let positions = shards.map { layout.position(of: $0) }
        let parity = Array(
          (0..<layout.parityShards).lazy.filter {
            sidecar.isParitySound($0 * layout.stripes + stripe)
          }.prefix(positions.count))
        guard parity.count == positions.count else {
          lost += shards
          continue
        }
        let sound = (0..<layout.positions(in: stripe)).filter { !positions.contains($0) }
        // Of a run that is damaged, many stripes are alike.
        if recovery?.lost != positions || recovery?.parity != parity || recovery?.sound != sound {
          recovery = code.recovery(of: positions, by: parity, sound: sound)
        }
        guard let recovery else {
          lost += shards
          continue
        }
        recovery.run(on: &whole, stripe, of: sidecar)
        unconfirmed += shards.filter { shard in
          let start = shard * layout.shardSize
          let checksum = whole.withRawBytes {
            Checksum.of(UnsafeRawBufferPointer(rebasing: $0[start..<start + layout.shardSize]))
          }
          return !sidecar.isListed(shard, checksum)
        }
      }
      whole.removeLast(whole.count - layout.blobSize)
      self.bytes = whole
      self.lost = lost.sorted()
      self.unconfirmed = unconfirmed.sorted()
    }
  }

  extension ReedSolomon.Recovery {
    fileprivate func run(on blob: inout [UInt8], _ stripe: Int, of sidecar: Sidecar) {
      let layout = sidecar.layout
      blob.withUnsafeMutableBytes { blob in
        sidecar.bytes.withRawBytes { parity in
          run(size: layout.shardSize) { position in
            blob.baseAddress! + layout.shard(stripe, position) * layout.shardSize
          } parity: { row in
            parity.baseAddress! + layout.parityOffset
              + (row * layout.stripes + stripe) * layout.shardSize
          }
        }
      }
    }
  }
#endif
