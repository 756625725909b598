import CairnCore
import CairnCrypto
import Testing

@Suite("Fuzzing payloads")
struct PayloadFuzzTests {
  let sample: SampleFile
  /// Segments of another file, to be mixed in.
  let foreign: SampleFile

  init() throws {
    sample = try SampleFile(plainCount: 2 * Segment.plainSize + 300)
    foreign = try SampleFile(plainCount: 2 * Segment.plainSize)
  }

  @Test func nothingIsReleasedThatWasNotSealedThere() throws {
    let sealed = sample.bytes
    try Fuzzing.run(inputs: 1000) { mutator, _ in
      let segments = mutatedSegments(&mutator)
      var file = sample.file(segments)
      if mutator.number(in: 0...9) == 0 {
        let place = mutator.number(in: 0...(sample.payloadStart - 1))
        file[place] ^= 1 << UInt8(mutator.number(in: 0...7))
      }
      let isWhole = file.isSame(as: sealed)
      // Whoever changes the header or the nonce gets nothing; otherwise the unchanged beginning.
      let soundCount =
        Array(file[..<sample.payloadStart]).isBeginning(of: sealed)
        ? zip(segments, sample.segments).prefix { $0.isSame(as: $1) }.count : 0
      return try isSound(
        armored(file, &mutator), isWhole: isWhole, soundCount: soundCount,
        pieceSize: mutator.pick([1000, 65536, 1_000_000]))
    }
  }

  private func isSound(
    _ file: [UInt8], isWhole: Bool, soundCount: Int, pieceSize: Int
  ) throws -> Bool {
    var output = MemoryWriter()
    let streamed = failure {
      try Age.open(
        from: PiecemealReader(file, pieceSize: pieceSize), to: &output,
        identities: [sample.identity])
    }
    var plain: [UInt8]?
    let inMemory = failure { plain = try Age.open(file, with: [sample.identity]) }
    if isWhole {
      return streamed == nil && inMemory == nil && output.bytes.isSame(as: sample.plain)
        && plain?.isSame(as: sample.plain) == true
    }
    return streamed != nil && inMemory != nil && plain == nil
      && output.bytes.count <= soundCount * Segment.plainSize
      && output.bytes.isBeginning(of: sample.plain)
  }

  private func failure(of body: () throws -> Void) -> (any Error)? {
    do {
      try body()
      return nil
    } catch {
      return error
    }
  }

  /// At times in an armor, which changes nothing.
  private func armored(_ file: [UInt8], _ mutator: inout Mutator) -> [UInt8] {
    mutator.number(in: 0...3) == 0 ? Armor.encode(file) : file
  }

  private func mutatedSegments(_ mutator: inout Mutator) -> [[UInt8]] {
    var segments = sample.segments
    for _ in 0..<mutator.pick([0, 1, 1, 1, 2, 3]) {
      guard !segments.isEmpty else { break }
      let a = mutator.number(in: 0...(segments.count - 1))
      let b = mutator.number(in: 0...(segments.count - 1))
      switch mutator.number(in: 0...6) {
      case 0: segments.swapAt(a, b)
      case 1: segments.remove(at: a)
      case 2: segments.insert(segments[a], at: b)
      case 3: segments.insert(mutator.pick(foreign.segments), at: b)
      case 4: segments[a] = mutator.pick(foreign.segments)
      case 5 where !segments[a].isEmpty:
        let place = mutator.number(in: 0...(segments[a].count - 1))
        segments[a][place] ^= 1 << UInt8(mutator.number(in: 0...7))
      case 6:
        let last = segments.count - 1
        segments[last].removeLast(mutator.number(in: 0...segments[last].count))
      default: segments.append(sampleBytes(mutator.number(in: 0...20)))
      }
    }
    return segments
  }
}
