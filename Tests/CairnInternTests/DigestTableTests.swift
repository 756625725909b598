import Testing

@testable import CairnIntern

@Suite struct DigestTableTests {
  @Test(arguments: [16, 20, 31, 32]) func behavesLikeADictionary(length: Int) throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    var table = try DigestTable(digestLength: length)
    var model: [[UInt8]: UInt32] = [:]
    for _ in 0..<6000 {
      // Few first bytes, so that digests come again, and are not evenly distributed.
      var digest = [UInt8](repeating: 0, count: length)
      digest[0] = UInt8.random(in: 0..<40, using: &random)
      digest[length - 1] = UInt8.random(in: 0..<100, using: &random)
      #expect(table.value(for: digest.span.bytes) == model[digest])
      let value = UInt32.random(in: .min ... .max, using: &random)
      if Bool.random(using: &random) {
        let old = try table.updateValue(value, for: digest.span.bytes)
        #expect(old == model.updateValue(value, forKey: digest))
      } else {
        #expect(try table.insert(value, for: digest.span.bytes) == model[digest])
        if model[digest] == nil { model[digest] = value }
      }
    }
    #expect(table.count == model.count)
    for (digest, value) in model { #expect(table.value(for: digest.span.bytes) == value) }
    var found: [[UInt8]: UInt32] = [:]
    table.forEach { digest, value in found[digest.withUnsafeBytes { Array($0) }] = value }
    #expect(found == model)
  }

  @Test(arguments: [20, 32]) func staysBelowEightBytesBesideTheDigest(length: Int) throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    var table = try DigestTable(digestLength: length)
    let digests = (0..<30_000).map { _ in random.bytes(length) }
    for (index, digest) in digests.enumerated() {
      try table.updateValue(UInt32(index), for: digest.span.bytes)
      guard index > 20_000 else { continue }
      let beside = Double(table.byteCount) / Double(table.count) - Double(length)
      guard beside <= 8 else {
        Issue.record("\(beside) bytes at \(index + 1) digests")
        return
      }
    }
    for (index, digest) in digests.enumerated() {
      #expect(table.value(for: digest.span.bytes) == UInt32(index))
    }
    let absent = random.bytes(length)
    #expect(table.value(for: absent.span.bytes) == nil)
  }

  /// All with the same hash: slow, but right.
  @Test func equalHashesAreToldApart() throws {
    var table = try DigestTable(digestLength: 20, limit: 10_000, hash: ByteHash(0, 0, 0, 0))
    let digests = (0..<300).map { number in
      [UInt8](repeating: 0, count: 16) + [1, 2, UInt8(number & 255), UInt8(number >> 8)]
    }
    for (index, digest) in digests.enumerated() {
      try table.updateValue(UInt32(index), for: digest.span.bytes)
    }
    for (index, digest) in digests.enumerated() {
      #expect(table.value(for: digest.span.bytes) == UInt32(index))
    }
    #expect(table.count == 300)
  }

  @Test func limitIsAnError() throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    var table = try DigestTable(digestLength: 32, limit: 500)
    var code: InternError.Code?
    var added: [[UInt8]] = []
    while code == nil, added.count < 100_000 {
      let digest = random.bytes(32)
      do throws(InternError) {
        try table.updateValue(1, for: digest.span.bytes)
        added.append(digest)
      } catch {
        code = error.code
      }
    }
    #expect(code == .full)
    #expect(added.count >= 500)
    for digest in added { #expect(table.value(for: digest.span.bytes) == 1) }
    table.removeAll()
    #expect(table.count == 0)
    let first = added[0]
    #expect(table.value(for: first.span.bytes) == nil)
    try table.updateValue(2, for: first.span.bytes)
    #expect(table.value(for: first.span.bytes) == 2)
  }
}
