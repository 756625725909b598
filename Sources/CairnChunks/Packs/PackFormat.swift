import CairnCore
public import CairnCrypto

/// The numbers of the pack format; the module's documentation draws it byte by byte.
enum PackFormat {
  /// Begins a pack's plaintext.
  static let magic = Array("CAIRNPK1".utf8)
  /// Begins each block.
  static let blockMagic = Array("CBLK".utf8)
  /// Ends a pack's plaintext.
  static let tableMagic = Array("CAIRNTBL".utf8)
  static let version: UInt32 = 1

  /// Magic, codec, three bytes of zero, raw length, stored length.
  static let blockHeaderSize = 16
  /// Table length, version, magic.
  static let trailerSize = 16

  /// A chunk record may exceed the largest chunk by its two counts and its links' part of it.
  static let maximumBlockSize = Chunk.maximumSize + 64
  /// Offsets in a pack are 32-bit numbers.
  static let maximumPackSize = 1 << 31

  /// Whether a pack may have so many bytes.
  static func isPossible(_ size: Int64) -> Bool { size > 0 && size < Int64(maximumPackSize) }

  @inline(never)
  static func malformed(_ what: String) -> IOError {
    IOError(
      .malformed, operation: "read", subject: "a pack", detail: "it holds \(what)")
  }

  static func blockHeader(codec: UInt8, rawLength: Int, storedLength: Int) -> [UInt8] {
    var writer = BinaryWriter(reserving: blockHeaderSize)
    writer.append(blockMagic)
    writer.append(codec)
    writer.append([0, 0, 0])
    writer.append(UInt32(rawLength))
    writer.append(UInt32(storedLength))
    return writer.bytes
  }

  static func trailer(tableLength: Int) -> [UInt8] {
    var writer = BinaryWriter(reserving: trailerSize)
    writer.append(UInt32(tableLength))
    writer.append(version)
    writer.append(tableMagic)
    return writer.bytes
  }
}

/// What must be known of a pack in order to read it.
public struct PackInfo: Hashable, Sendable {
  /// The SHA-256 of its stored bytes.
  public let digest: Digest
  /// The number of its stored bytes.
  public let size: Int64
  /// Where its first sealed segment begins: behind the age header and the nonce.
  public let payloadOffset: Int

  public init(digest: Digest, size: Int64, payloadOffset: Int) {
    self.digest = digest
    self.size = size
    self.payloadOffset = payloadOffset
  }

  /// Whether there can be such a pack.
  var isPossible: Bool {
    PackFormat.isPossible(size) && Int64(payloadOffset) < size
  }

  /// The blob that holds it.
  public var blob: BlobName { .pack(digest) }

  var segmentCount: Int {
    let payload = max(0, Int(size) - payloadOffset)
    return max(1, (payload + Segment.sealedSize - 1) / Segment.sealedSize)
  }

  var plainSize: Int {
    max(0, Int(size) - payloadOffset - segmentCount * (Segment.sealedSize - Segment.plainSize))
  }

  /// Where sealed segments lie in the blob.
  func sealedRange(_ segments: Range<Int>) -> Range<Int64> {
    let start = Int64(payloadOffset) + Int64(segments.lowerBound) * Int64(Segment.sealedSize)
    let end = Int64(payloadOffset) + Int64(segments.upperBound) * Int64(Segment.sealedSize)
    return start..<min(end, size)
  }
}

extension ChunkStoreError {
  /// A target lists a pack with a size that no pack has.
  @inline(never)
  static func impossiblePack(_ blob: BlobInfo) -> ChunkStoreError {
    .damaged(blob.name, "its size is said to be \(blob.size) bytes, which no pack has")
  }
}
