import CairnChunks
import Testing

private enum Codec: String, CaseIterable, CustomTestStringConvertible {
  case lz4, none

  var testDescription: String { rawValue }

  var compressor: any Compressor {
    switch self {
    case .lz4: LZ4()
    case .none: NoCompression()
    }
  }
}

/// Memory with bytes on both sides that nobody may touch.
private struct GuardedMemory {
  private var bytes: [UInt8]
  private static let margin = 64
  private static let mark: UInt8 = 0xA5

  init(_ count: Int) {
    bytes = [UInt8](repeating: Self.mark, count: count + 2 * Self.margin)
  }

  /// Lends the middle to `body`, and gives its result and what was written.
  mutating func fill(_ body: (inout OutputRawSpan) -> Bool) -> (isSound: Bool, written: [UInt8]) {
    bytes.withUnsafeMutableBytes { all in
      let middle = UnsafeMutableRawBufferPointer(
        rebasing: all[Self.margin..<all.count - Self.margin])
      var output = OutputRawSpan(buffer: middle, initializedCount: 0)
      let isSound = body(&output)
      let count = output.finalize(for: middle)
      return (isSound, Array(middle[..<count]))
    }
  }

  var isIntact: Bool {
    (bytes.prefix(Self.margin) + bytes.suffix(Self.margin)).allSatisfy { $0 == Self.mark }
  }
}

@Suite struct CompressorTests {
  /// Text that packs, noise that does not, and what is too short for either.
  private static let samples: [[UInt8]] = {
    var random = SeededRandom(21)
    let text = (0..<2000).flatMap { "line \($0 % 37) of some text\n".utf8 }
    return [[], [1], Array("abcabcabc".utf8), text, random.bytes(5000)]
  }()

  private func pack(_ bytes: [UInt8], _ compressor: any Compressor, room: Int) -> [UInt8]? {
    var memory = GuardedMemory(room)
    let (isPacked, packed) = memory.fill { compressor.compress(bytes.span.bytes, into: &$0) }
    #expect(memory.isIntact)
    return isPacked ? packed : nil
  }

  @Test(arguments: samples)
  func lz4RestoresWhatItPacked(sample: [UInt8]) throws {
    // LZ4 needs some room beyond the input for what does not compress.
    let packed = try #require(pack(sample, LZ4(), room: sample.count + sample.count / 255 + 16))
    var memory = GuardedMemory(sample.count)
    let (isSound, found) = memory.fill { LZ4().decompress(packed.span.bytes, into: &$0) }
    #expect(isSound && found == sample && memory.isIntact)
  }

  @Test func lz4SaysWhenItDoesNotFit() {
    #expect(pack(Self.samples[4], LZ4(), room: 5000 - 5000 / 16) == nil)
    #expect(pack(Self.samples[3], LZ4(), room: 10) == nil)
    #expect(pack(Self.samples[3], LZ4(), room: Self.samples[3].count / 2) != nil)
  }

  @Test func noneKeepsEverythingRaw() {
    for sample in Self.samples {
      #expect(pack(sample, NoCompression(), room: sample.count * 2 + 100) == nil)
    }
  }

  @Test(arguments: Codec.allCases)
  private func anotherLengthThanTheRawOneIsRefused(codec: Codec) throws {
    let compressor = codec.compressor
    let text = Self.samples[3]
    let packed = pack(text, compressor, room: text.count) ?? text
    for room in [0, 1, text.count - 1, text.count + 1] {
      var memory = GuardedMemory(room)
      let (isSound, _) = memory.fill { compressor.decompress(packed.span.bytes, into: &$0) }
      #expect(!isSound && memory.isIntact, "\(room) bytes of room")
    }
  }

  @Test func damageNeverWritesBeyondTheOutput() throws {
    let text = Array(Self.samples[3].prefix(2000))
    let packed = try #require(pack(text, LZ4(), room: text.count))
    var damaged: [[UInt8]] = (0..<packed.count).map { Array(packed[..<$0]) }
    for bit in 0..<packed.count * 8 {
      var bytes = packed
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      damaged.append(bytes)
    }
    var random = SeededRandom(22)
    damaged += (0..<500).map { _ in random.bytes(Int(random.next() % 300)) }
    for bytes in damaged {
      var memory = GuardedMemory(text.count)
      let (isSound, found) = memory.fill { LZ4().decompress(bytes.span.bytes, into: &$0) }
      #expect(memory.isIntact)
      // LZ4 has no checksum: a flipped literal is for the chunk's id to find.
      if isSound { #expect(found.count == text.count) }
    }
  }
}
