import CairnCrypto

/// A small age file taken apart, whose payload can be put together wrongly.
struct SampleFile {
  let identity: KnownKey
  let header: Header
  let nonce: [UInt8]
  let key: PayloadKey
  let plain: [UInt8]
  /// The sealed segments in order.
  let segments: [[UInt8]]

  init(plainCount: Int) throws { try self.init(plain: sampleBytes(plainCount)) }

  init(plain: [UInt8]) throws {
    let (header, fileKey) = try Header.seal(to: [X25519Identity.generate().recipient])
    let (nonce, key) = try PayloadKey.generate(for: fileKey)
    var cipher = try SegmentCipher(key)
    let last = Int(Segment.count(forPlain: Int64(plain.count))) - 1
    segments = try (0...last).map { i in
      let piece = plain[(i * Segment.plainSize)...].prefix(Segment.plainSize)
      return try cipher.seal(Array(piece), index: UInt64(i), isFinal: i == last)
    }
    identity = KnownKey(fileKey: fileKey)
    self.header = header
    self.nonce = nonce
    self.key = key
    self.plain = plain
  }

  /// The whole file.
  var bytes: [UInt8] { file(segments) }

  /// Header and nonce with other segments after them.
  func file(_ segments: [[UInt8]]) -> [UInt8] {
    segments.reduce(into: header.bytes + nonce) { $0 += $1 }
  }

  var payloadStart: Int { header.byteCount + nonce.count }
}
