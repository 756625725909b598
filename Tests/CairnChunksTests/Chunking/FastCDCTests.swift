import CairnChunks
import CairnCrypto
import Testing

/// Finds cuts as the paper of 2016 does, a byte at a time: slow, and independent of the library's
/// loop.
private struct ReferenceCDC {
  let gear: [UInt64]
  let parameters: FastCDC.Parameters

  init(key: SecretBytes, _ parameters: FastCDC.Parameters) throws {
    let table = try HKDFSHA256.deriveKey(
      from: key, salt: RawSpan(), info: "cairn gear table", count: 2048)
    gear = table.withUnsafeBytes { bytes in
      (0..<256).map { number in
        (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[number * 8 + $1]) << (8 * UInt64($1)) }
      }
    }
    self.parameters = parameters
  }

  func firstChunk(of bytes: ArraySlice<UInt8>, at offset: Int) -> Int {
    let sizes = offset < Int(parameters.fineLength) ? parameters.fine : parameters.coarse
    let count = min(bytes.count, sizes.maximum)
    guard count > sizes.minimum else { return count }
    var hash: UInt64 = 0
    for position in sizes.minimum..<count {
      hash = (hash << 1) &+ gear[Int(bytes[bytes.startIndex + position])]
      let averageBits = sizes.average.trailingZeroBitCount
      let bits = position < sizes.average ? averageBits + 2 : averageBits - 2
      // The bits below the highest one.
      if (hash << 1) >> (64 - UInt64(bits)) == 0 { return position + 1 }
    }
    return count
  }
}

@Suite struct FastCDCTests {
  private static let small = FastCDC.Parameters(
    FastCDC.Sizes(minimum: 256, average: 1024, maximum: 4096)!)
  private static let fineAndCoarse = FastCDC.Parameters(
    fine: FastCDC.Sizes(minimum: 64, average: 256, maximum: 1024)!,
    coarse: FastCDC.Sizes(minimum: 256, average: 1024, maximum: 4096)!, fineLength: 20_000)
  private static let key = SecretBytes(utf8: "0123456789abcdefghijklmnopqrstuv")

  private func chunker(_ parameters: FastCDC.Parameters = small) throws -> FastCDC {
    try FastCDC(key: Self.key, parameters: parameters)
  }

  /// The lengths of all chunks, each found in at most `window` bytes.
  private func cut(_ bytes: [UInt8], _ chunker: FastCDC, window: Int = .max) -> [Int] {
    var lengths: [Int] = []
    var position = 0
    while position < bytes.count {
      let end = position + min(window, bytes.count - position)
      let length = chunker.firstChunk(
        of: bytes.span.bytes.extracting(position..<end), at: UInt64(position))
      lengths.append(length)
      position += length
    }
    return lengths
  }

  @Test(arguments: UInt64(0)..<10)
  func agreesWithTheReference(seed: UInt64) throws {
    var random = SeededRandom(seed)
    // Odd sizes reach the byte that is left over when two are taken a step.
    let minimum = 64 + Int(random.next() % 200)
    let sizes = FastCDC.Sizes(
      minimum: minimum, average: 512, maximum: 512 + Int(random.next() % 2000))!
    let parameters = FastCDC.Parameters(
      fine: sizes, coarse: Self.small.coarse, fineLength: random.next() % 100_000)
    let chunker = try chunker(parameters)
    let reference = try ReferenceCDC(key: Self.key, parameters)
    let bytes = random.bytes(100_000 + Int(random.next() % 1000))
    var position = 0
    while position < bytes.count {
      let expected = reference.firstChunk(of: bytes[position...], at: position)
      let found = chunker.firstChunk(
        of: bytes.span.bytes.extracting(position..<bytes.count), at: UInt64(position))
      try #require(found == expected, "at \(position)")
      position += found
    }
  }

  @Test(arguments: UInt64(0)..<5)
  func keepsItsLimits(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let bytes = random.bytes(200_000)
    let lengths = cut(bytes, try chunker())
    #expect(lengths.reduce(0, +) == bytes.count)
    #expect(lengths.dropLast().allSatisfy { (257...4096).contains($0) })
    #expect((1...4096).contains(try #require(lengths.last)))
  }

  @Test func bytesThatAreAllAlikeAreCutAtTheMaximum() throws {
    let lengths = cut([UInt8](repeating: 0, count: 20_000), try chunker())
    #expect(lengths == [4096, 4096, 4096, 4096, 3616])
  }

  @Test(arguments: [1, 255, 256, 257, 1023, 1024, 1025, 4095, 4096, 4097, 8192])
  func edgeLengthsAreCutWhole(count: Int) throws {
    var random = SeededRandom(UInt64(count))
    for bytes in [random.bytes(count), [UInt8](repeating: 7, count: count)] {
      let lengths = cut(bytes, try chunker())
      #expect(lengths.reduce(0, +) == count)
      #expect(lengths.allSatisfy { $0 <= 4096 })
      if count <= 256 { #expect(lengths == [count]) }
    }
  }

  @Test(arguments: [4096, 4097, 5000, 65_536])
  func cutsDoNotDependOnTheWindow(window: Int) throws {
    var random = SeededRandom(11)
    let bytes = random.bytes(150_000)
    let chunker = try chunker(Self.fineAndCoarse)
    #expect(cut(bytes, chunker, window: window) == cut(bytes, chunker))
  }

  @Test func anotherKeyCutsElsewhere() throws {
    var random = SeededRandom(12)
    let bytes = random.bytes(500_000)
    let other = try FastCDC(
      key: SecretBytes(utf8: "another key of thirty-two bytes."), parameters: Self.small)
    let ends = { (lengths: [Int]) in
      Set(lengths.indices.map { lengths[...$0].reduce(0, +) }).subtracting([500_000])
    }
    let (left, right) = (ends(cut(bytes, try chunker())), ends(cut(bytes, other)))
    // Some 450 cuts among 500,000 places meet by chance now and then, never often.
    #expect(left.intersection(right).count < 5)
  }

  @Test(arguments: [
    small.fine, FastCDC.Parameters.standard.fine, FastCDC.Parameters.standard.coarse,
  ])
  func theAverageIsNearItsParameter(sizes: FastCDC.Sizes) throws {
    var random = SeededRandom(13)
    let count = sizes.average * 300
    let lengths = cut(random.bytes(count), try chunker(FastCDC.Parameters(sizes)))
    let average = Double(count) / Double(lengths.count)
    #expect(abs(average / Double(sizes.average) - 1) < 0.2, "\(average)")
  }

  @Test func theBeginningIsCutFiner() throws {
    var random = SeededRandom(15)
    let lengths = cut(random.bytes(100_000), try chunker(Self.fineAndCoarse))
    var offset = 0
    var largest = (fine: 0, coarse: 0)
    for length in lengths {
      if offset < 20_000 {
        largest.fine = max(largest.fine, length)
      } else {
        largest.coarse = max(largest.coarse, length)
      }
      offset += length
    }
    #expect(largest.fine <= 1024 && largest.coarse > 1024)
  }

  /// Chunks before the insertion are the same because a cut depends on nothing that follows it, and
  /// behind it the same cuts are found again once both sides agree on one: a cut of the old side is
  /// missed only where the new side's minimum or first phase hides it, which is less likely than
  /// not, so that ten chunks in a row (1 in 1,000) are far more than what is needed.
  @Test(arguments: UInt64(0)..<20)
  func anInsertionChangesAFewChunks(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let bytes = random.bytes(400_000)
    let place = Int(random.next() % 400_000)
    let inserted = random.bytes(1 + Int(random.next() % 100))
    let changed = Array(bytes[..<place]) + inserted + bytes[place...]
    let chunker = try chunker()
    let old = Set(chunks(of: bytes, chunker))
    let new = chunks(of: changed, chunker)
    let fresh = new.filter { !old.contains($0) }
    #expect(fresh.count <= 10, "\(fresh.count) of \(new.count) chunks are new")
  }

  private func chunks(of bytes: [UInt8], _ chunker: FastCDC) -> [[UInt8]] {
    var position = 0
    return cut(bytes, chunker).map { length in
      defer { position += length }
      return Array(bytes[position..<position + length])
    }
  }

  @Test func cutsStayWhereTheyWere() throws {
    var random = SeededRandom(14)
    let lengths = cut(random.bytes(100_000), try chunker(Self.fineAndCoarse))
    let text = lengths.map { "\($0)\n" }.joined()
    try Golden.check("fastcdc-cuts.txt", Array(text.utf8))
  }

  @Test(arguments: [
    (63, 256, 4096), (300, 256, 4096), (256, 1000, 4096), (256, 1024, 1023), (64, 128, 4096),
    (256, 1024, Chunk.maximumSize + 1), (-1, 1024, 4096), (0, 0, 0),
  ])
  func senselessSizesAreRefused(minimum: Int, average: Int, maximum: Int) {
    #expect(
      FastCDC.Sizes(minimum: minimum, average: average, maximum: maximum) == nil)
  }
}

@Suite struct FixedSizeChunkerTests {
  @Test(arguments: [1, 10, 4096])
  func cutsAfterEachSize(size: Int) {
    let chunker = FixedSizeChunker(size: size)
    let bytes = [UInt8](repeating: 1, count: 10_000)
    #expect(chunker.maximumSize == size)
    #expect(chunker.firstChunk(of: bytes.span.bytes, at: 0) == size)
    #expect(chunker.firstChunk(of: bytes.span.bytes.extracting(0..<1), at: 77) == 1)
  }
}
