import Foundation
import Testing

@testable import CairnParity

/// The code and what is kept of a blob, without any target.
@Suite struct CodeTests {
  /// Multiplication in GF(2^8) as a schoolbook does it, to compare with.
  private func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
    var (result, factor) = (0, Int(left))
    for bit in 0..<8 {
      if right >> bit & 1 == 1 { result ^= factor }
      factor <<= 1
      if factor & 0x100 != 0 { factor ^= 0x11D }
    }
    return UInt8(result)
  }

  private func inverse(of value: UInt8) -> UInt8 {
    (1...255).first { product(UInt8($0), value) == 1 }!
  }

  @Test func checksumIsThatOfXZ() {
    // The check value of CRC-64/XZ in the catalogue of parametrised CRC algorithms.
    let checksum = Array("123456789".utf8).withUnsafeBytes { Checksum.of($0) }
    #expect(checksum == 0x995D_C9BB_DF19_39FA)
  }

  @Test func parityIsTheCauchySum() {
    let seed = SeededRandom.newSeed
    var random = SeededRandom(seed)
    let blob = random.bytes(64 * 8)
    let sidecar = Sidecar(of: blob, small)
    #expect(sidecar.layout.stripes == 1, "seed \(seed)")
    for row in 0..<3 {
      for byte in 0..<64 {
        var sum: UInt8 = 0
        for position in 0..<8 {
          sum ^= product(blob[position * 64 + byte], inverse(of: UInt8((8 + row) ^ position)))
        }
        #expect(sidecar.bytes[sidecar.layout.parityOffset + row * 64 + byte] == sum, "seed \(seed)")
      }
    }
  }

  private static let sizes = [
    0, 1, 63, 64, 65, 511, 512, 513, 64 * 16 - 1, 64 * 16, 64 * 16 + 1, 5000, 40_000,
  ]

  @Test(arguments: sizes) func soundBlobHasNoDamage(size: Int) throws {
    let seed = SeededRandom.newSeed
    var random = SeededRandom(seed)
    let blob = random.bytes(size)
    let sidecar = Sidecar(of: blob, small)
    #expect(sidecar.bytes.count == sidecar.layout.sidecarSize)
    #expect(sidecar.isSound && sidecar.damage(in: blob).isEmpty, "seed \(seed)")
    let read = try #require(try Sidecar(sidecar.bytes))
    #expect(read.layout == sidecar.layout)
  }

  /// Up to as many shards of each stripe as there is parity, of data and of parity together.
  @Test(arguments: sizes) func anyDamageUpToTheParityIsMended(size: Int) throws {
    for _ in 0..<20 {
      let seed = SeededRandom.newSeed
      var random = SeededRandom(seed)
      let options = ParityOptions(
        dataShards: .random(in: 1...40, using: &random),
        parityShards: .random(in: 1...6, using: &random), shardSize: 64,
        burst: .random(in: 0...300, using: &random))!
      let blob = random.bytes(size)
      let layout = try #require(ParityLayout(of: Int64(size), options))
      var (damagedBlob, damagedSidecar) = (blob, Sidecar(of: blob, options).bytes)
      var expected: [Int] = []
      for stripe in 0..<layout.stripes {
        let data = layout.positions(in: stripe)
        let chosen = (0..<data + layout.parityShards).shuffled(using: &random).prefix(
          .random(in: 0...layout.parityShards, using: &random))
        for place in chosen {
          if place < data {
            let shard = layout.shard(stripe, place)
            damagedBlob.spoil(shard: shard, of: layout.shardSize)
            expected.append(shard)
          } else {
            let start =
              layout.parityOffset + ((place - data) * layout.stripes + stripe) * layout.shardSize
            damagedSidecar[start + .random(in: 0..<64, using: &random)] ^= 1
          }
        }
      }
      let sidecar = try #require(try Sidecar(damagedSidecar))
      #expect(sidecar.damage(in: damagedBlob) == expected.sorted(), "seed \(seed)")
      let mending = try #require(sidecar.mended(damagedBlob))
      #expect(mending.lost.isEmpty && mending.unconfirmed.isEmpty, "seed \(seed)")
      #expect(mending.bytes == blob, "seed \(seed)")
    }
  }

  @Test func oneShardMoreIsLostAndTheOtherStripesAreMended() throws {
    let seed = SeededRandom.newSeed
    var random = SeededRandom(seed)
    let blob = random.bytes(64 * 8 * 4)
    let sidecar = Sidecar(of: blob, small)
    let layout = sidecar.layout
    #expect(layout.stripes == 4)
    var damaged = blob
    let lost = (0..<8).shuffled(using: &random).prefix(4).map { layout.shard(2, $0) }.sorted()
    for shard in lost + [layout.shard(1, 5), layout.shard(3, 0)] {
      damaged.spoil(shard: shard, of: 64)
    }
    let mending = try #require(sidecar.mended(damaged))
    #expect(mending.lost == lost && mending.unconfirmed.isEmpty, "seed \(seed)")
    for shard in 0..<layout.shards where !lost.contains(shard) {
      #expect(
        mending.bytes[shard * 64..<(shard + 1) * 64] == blob[shard * 64..<(shard + 1) * 64],
        "seed \(seed)")
    }
  }

  /// A run of the length that the options promise, wherever it begins.
  @Test(arguments: [1, 100, 4096, 65_536, 70_000, 200_000, 1 << 20])
  func runOfBytesIsMended(size: Int) throws {
    let seed = SeededRandom.newSeed
    var random = SeededRandom(seed)
    let blob = random.bytes(size)
    let sidecar = Sidecar(of: blob, .standard)
    let burst = ParityOptions.standard.burst
    for _ in 0..<6 {
      let start = Int.random(in: 0..<size, using: &random)
      var damaged = blob
      for offset in start..<min(size, start + burst) { damaged[offset] = 0 }
      #expect(sidecar.mended(damaged)?.bytes == blob, "seed \(seed), from \(start)")
      #expect(sidecar.mended(damaged)?.lost == [], "seed \(seed), from \(start)")
    }
    let cut = Array(blob.dropLast(min(size, burst)))
    #expect(sidecar.mended(cut)?.bytes == blob, "seed \(seed), cut")
    #expect(sidecar.mended(blob + [1, 2, 3])?.bytes == blob, "seed \(seed), longer")
  }

  /// One byte changed in every place of the sidecar, one after the other.
  @Test func everyDamagedByteOfASidecarIsNoticedAndHarmless() throws {
    let seed = SeededRandom.newSeed
    var random = SeededRandom(seed)
    let blob = random.bytes(64 * 9 + 1)
    let sound = Sidecar(of: blob, small)
    var damaged = blob
    damaged.spoil(shard: 3, of: 64)
    for offset in sound.bytes.indices {
      var bytes = sound.bytes
      bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      let sidecar = try #require(try Sidecar(bytes), "seed \(seed), byte \(offset)")
      #expect(!sidecar.isSound, "seed \(seed), byte \(offset)")
      #expect(sidecar.damage(in: blob).isEmpty, "seed \(seed), byte \(offset)")
      #expect(sidecar.mended(damaged)?.bytes == blob, "seed \(seed), byte \(offset)")
    }
  }

  @Test func cutSidecarMendsWithWhatIsLeftOrSaysNothing() throws {
    let seed = SeededRandom.newSeed
    var random = SeededRandom(seed)
    let blob = random.bytes(64 * 30)
    let sound = Sidecar(of: blob, small)
    var damaged = blob
    damaged.spoil(shard: 7, of: 64)
    for count in sound.bytes.indices {
      guard let sidecar = try Sidecar(Array(sound.bytes.prefix(count))) else {
        #expect(count < sound.layout.parityOffset, "seed \(seed)")
        continue
      }
      #expect(!sidecar.isSound, "seed \(seed), \(count) bytes")
      let mending = try #require(sidecar.mended(damaged))
      let hasParity = count >= sound.layout.parityOffset + (7 % sound.layout.stripes + 1) * 64
      #expect(mending.lost == (hasParity ? [] : [7]), "seed \(seed), \(count) bytes")
      if hasParity { #expect(mending.bytes == blob, "seed \(seed), \(count) bytes") }
    }
  }

  @Test func damagedChecksumsInBothTablesLeaveTheShardUnconfirmed() throws {
    var random = SeededRandom(7)
    let blob = random.bytes(64 * 20)
    var bytes = Sidecar(of: blob, small).bytes
    let layout = ParityLayout(of: Int64(blob.count), small)!
    for table in layout.tableOffsets { bytes[table + 8 * 5] ^= 1 }
    let sidecar = try #require(try Sidecar(bytes))
    #expect(sidecar.damage(in: blob) == [5])
    let mending = try #require(sidecar.mended(blob))
    #expect(mending.unconfirmed == [5] && mending.lost.isEmpty && mending.bytes == blob)
  }

  /// Headers with true checksums that say what cannot be, and random bytes.
  @Test func hostileSidecarsAreRefused() throws {
    func forged(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
      var header = ParityLayout(of: 5000, small)!.header
      change(&header)
      let checksum = header[..<32].withUnsafeBytes { Checksum.of($0) }
      header.replaceSubrange(
        32..<40, with: withUnsafeBytes(of: checksum.littleEndian) { Array($0) })
      return header + [UInt8](repeating: 0, count: 20_000)
    }
    #expect(try Sidecar(forged { _ in }) != nil)
    #expect(throws: NewerParity.self) { try Sidecar(forged { $0[8] = 2 }) }
    let changes: [(inout [UInt8]) -> Void] = [
      { $0[0] ^= 1 }, { $0[8] = 0 }, { $0[10] = 0 }, { $0[11] = 0 }, { $0[10] = 255 },
      { $0[12] = 1 }, { $0[12] = 0 }, { $0[15] = 0xFF }, { $0[17] = 0xFF }, { $0[23] = 0xFF },
      { $0[19] = 0x70 }, { $0[24] = 0 }, { $0[24] = 0xFF }, { $0[31] = 0xFF }, { $0[31] = 0x7F },
    ]
    for change in changes { #expect(try Sidecar(forged(change)) == nil) }
    let seed = SeededRandom.newSeed
    var random = SeededRandom(seed)
    for _ in 0..<200 {
      #expect(
        try Sidecar(random.bytes(.random(in: 0...200, using: &random))) == nil, "seed \(seed)")
    }
  }

  /// Nothing is made of what a header claims: a large blob of which all is missing.
  @Test func claimOfALargeBlobAllocatesNothing() throws {
    let options = ParityOptions(dataShards: 254, parityShards: 1, shardSize: 1 << 20, burst: 0)!
    let layout = try #require(ParityLayout(of: 2 << 30, options))
    let claim = layout.header + [UInt8](repeating: 0, count: layout.tableSize)
    let sidecar = try #require(try Sidecar(claim))
    #expect(sidecar.damage(in: []).count == 2048)
    #expect(sidecar.mended([]) == nil)
  }

  @Test func whatIsTooLargeHasNoLayout() {
    #expect(ParityLayout(of: 2 << 30, .standard) != nil)
    #expect(ParityLayout(of: 2 << 30 + 1, .standard) == nil)
    let copies = ParityOptions(dataShards: 1, parityShards: 4)!
    #expect(ParityLayout(of: 1 << 30, copies) == nil)
    #expect(ParityOptions(dataShards: 250, parityShards: 6) == nil)
    #expect(ParityOptions(shardSize: 100) == nil)
    #expect(ParityOptions(burst: -1) == nil)
  }

  /// What version 1 wrote, when it was frozen.
  @Test func goldenSidecarsAreReadAndWrittenAlike() throws {
    for (name, size, options) in [
      ("standard", 70_001, ParityOptions.standard), ("small", 5000, small), ("empty", 0, small),
    ] {
      let url = try #require(
        Bundle.module.url(forResource: "Golden/\(name)", withExtension: "parity"))
      let golden = Array(try Data(contentsOf: url))
      var random = SeededRandom(UInt64(size))
      let blob = random.bytes(size)
      #expect(Sidecar(of: blob, options).bytes == golden)
      let sidecar = try #require(try Sidecar(golden))
      #expect(sidecar.isSound && sidecar.damage(in: blob).isEmpty)
    }
  }
}
