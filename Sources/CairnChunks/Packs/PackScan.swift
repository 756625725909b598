import CairnCore
import CairnCrypto

/// Reads a whole pack from front to back and checks everything that can be checked of it: the seal
/// of every segment, the form of every block, the id of every chunk, and that the table says the
/// same.
///
/// One per thread.
final class PackScan {
  private let hasher: ChunkHasher
  private let compressors: [any Compressor]
  private var cipher: SegmentCipher?
  private var hash = SHA256()
  private let segment = ByteBuffer(capacity: Segment.plainSize)
  private var stored = ByteBuffer(capacity: 256 << 10)
  private var raw = ByteBuffer(capacity: 256 << 10)

  init(hasher: ChunkHasher, compressors: [any Compressor]) {
    self.hasher = hasher
    self.compressors = compressors
  }

  /// Checks a pack.
  ///
  /// - Parameters:
  ///   - pack: its name, size and header length.
  ///   - key: opens its segments.
  ///   - load: gives the stored bytes of a range.
  /// - Returns: the table.
  /// - Throws: ``ChunkStoreError/Code/damaged`` naming the pack and where in it.
  func check(
    _ pack: PackInfo, key: PayloadKey,
    load: (Range<Int64>) throws(ChunkStoreError) -> [UInt8]
  ) throws(ChunkStoreError) -> PackTable {
    hash.reset()
    do {
      cipher = try SegmentCipher(key)
    } catch {
      throw .sealing(error)
    }
    var source = Source(pack: pack)
    let header = try load(0..<Int64(pack.payloadOffset))
    header.withUnsafeBytes { hash.update($0) }
    segment.removeAll()
    consumed = 0

    try take(PackFormat.magic.count, from: &source, load: load)
    guard stored.bytes.elementsEqual(PackFormat.magic) else {
      throw .damaged(pack.blob, "it does not begin like a pack")
    }
    var table = PackTable()
    // The blocks end where the table begins, which its own length tells; read ahead of the rest.
    let tableStart = try endOfBlocks(of: pack, load: load)
    while table.endOfBlocks < tableStart {
      try checkBlock(of: pack, &source, &table, load: load)
    }
    try take(pack.plainSize - table.endOfBlocks, from: &source, load: load)
    var writer = BinaryWriter()
    table.encode(into: &writer)
    writer.append(PackFormat.trailer(tableLength: writer.count))
    guard stored.bytes.elementsEqual(writer.bytes) else {
      throw .damaged(pack.blob, "its table does not describe its blocks")
    }
    guard hash.finalize() == pack.digest else {
      throw .damaged(pack.blob, "its bytes do not have the digest that names it")
    }
    return table
  }

  private struct Source {
    let pack: PackInfo
    var nextSegment = 0
    /// Stored bytes that were loaded and are not opened yet.
    var loaded: [UInt8] = []
    var used = 0
  }

  private var consumed = 0

  private func checkBlock(
    of pack: PackInfo, _ source: inout Source, _ table: inout PackTable,
    load: (Range<Int64>) throws(ChunkStoreError) -> [UInt8]
  ) throws(ChunkStoreError) {
    let offset = table.endOfBlocks
    try take(PackFormat.blockHeaderSize, from: &source, load: load)
    let header: BlockHeader
    do {
      header = try BlockHeader(stored.bytes.bytes)
    } catch {
      throw .damaged(pack.blob, "the block at \(offset): \(error)")
    }
    try take(header.storedLength, from: &source, load: load)
    do {
      try stored.unpack(header, with: compressors, into: &raw)
      var position = 0
      var entries: [PackTable.Entry] = []
      while position < raw.count {
        let rest = raw.bytes.bytes.extracting(position..<raw.count)
        let length = try ChunkRecord.length(atFrontOf: rest)
        let record = try ChunkRecord(rest.extracting(0..<length))
        entries.append(
          PackTable.Entry(
            id: hasher.id(of: record), recordLength: UInt32(length),
            hasLinks: record.linkCount > 0))
        position += length
      }
      table.append(
        storedLength: header.storedLength, rawLength: header.rawLength, codec: header.codec,
        entries: entries)
    } catch {
      throw .damaged(pack.blob, "the block at \(offset): \(error)")
    }
  }

  /// Moves the next bytes of the plaintext into ``stored``.
  private func take(
    _ count: Int, from source: inout Source,
    load: (Range<Int64>) throws(ChunkStoreError) -> [UInt8]
  ) throws(ChunkStoreError) {
    guard count >= 0, count <= PackFormat.maximumPackSize else {
      throw .damaged(source.pack.blob, "it is too short")
    }
    if stored.capacity < count { stored = ByteBuffer(capacity: count) }
    stored.removeAll()
    while stored.count < count {
      if consumed == segment.count { try openSegment(of: &source, load: load) }
      let part = min(count - stored.count, segment.count - consumed)
      guard part > 0 else { throw .damaged(source.pack.blob, "it ends too early") }
      stored.append(UnsafeRawBufferPointer(rebasing: segment.bytes[consumed..<consumed + part]))
      consumed += part
    }
  }

  private func openSegment(
    of source: inout Source, load: (Range<Int64>) throws(ChunkStoreError) -> [UInt8]
  ) throws(ChunkStoreError) {
    let pack = source.pack
    guard source.nextSegment < pack.segmentCount else {
      throw .damaged(pack.blob, "it ends too early")
    }
    if source.used == source.loaded.count {
      let end = min(source.nextSegment + 8, pack.segmentCount)
      source.loaded = try load(pack.sealedRange(source.nextSegment..<end))
      source.used = 0
      source.loaded.withUnsafeBytes { hash.update($0) }
    }
    let count = min(Segment.sealedSize, source.loaded.count - source.used)
    guard count > Segment.tagSize else { throw .damaged(pack.blob, "it ends too early") }
    do {
      try source.loaded.withRawBytes { (loaded) throws(CryptoError) in
        segment.removeAll()
        try cipher!.open(
          UnsafeRawBufferPointer(rebasing: loaded[source.used..<source.used + count]),
          index: UInt64(source.nextSegment), isFinal: source.nextSegment == pack.segmentCount - 1,
          into: segment.free)
      }
    } catch {
      throw .damaged(pack.blob, "segment \(source.nextSegment) does not open")
    }
    segment.count = count - Segment.tagSize
    consumed = 0
    source.used += count
    source.nextSegment += 1
  }

  /// Reads the trailer of a pack whose table is not known.
  private func endOfBlocks(
    of pack: PackInfo, load: (Range<Int64>) throws(ChunkStoreError) -> [UInt8]
  ) throws(ChunkStoreError) -> Int {
    let plainSize = pack.plainSize
    let first = max(0, plainSize - PackFormat.trailerSize) / Segment.plainSize
    var tail: [UInt8] = []
    for number in first..<pack.segmentCount {
      let bytes = try load(pack.sealedRange(number..<number + 1))
      tail += try cipher!.openSegment(number, of: pack, bytes)
    }
    return try PackTrailer(tail.suffix(PackFormat.trailerSize), of: pack).tableStart
  }
}

/// The last bytes of a pack's plaintext.
struct PackTrailer {
  /// Where the table begins.
  let tableStart: Int
  let tableLength: Int

  init(_ bytes: some Collection<UInt8>, of pack: PackInfo) throws(ChunkStoreError) {
    do {
      let bytes = Array(bytes)
      var reader = BinaryReader(bytes.span.bytes)
      let length = Int(try reader.read(UInt32.self))
      let version = try reader.read(UInt32.self)
      guard Array(try reader.readBytes(8)) == PackFormat.tableMagic,
        length <= pack.plainSize - PackFormat.trailerSize - PackFormat.magic.count
      else { throw PackFormat.malformed("no table at its end") }
      guard version == PackFormat.version else {
        throw ChunkStoreError(
          .newerFormat,
          "the pack \(pack.blob) has format \(version), newer than this program; update it",
          blob: pack.blob)
      }
      tableLength = length
      tableStart = pack.plainSize - PackFormat.trailerSize - length
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw .damaged(pack.blob, "\(error)")
    }
  }
}

/// What precedes a block's bytes.
struct BlockHeader {
  let codec: UInt8
  let rawLength: Int
  let storedLength: Int

  init(_ bytes: RawSpan) throws(IOError) {
    var reader = BinaryReader(bytes)
    let magic = try reader.readBytes(4)
    guard Array(magic) == PackFormat.blockMagic else {
      throw PackFormat.malformed("something that is not a block")
    }
    codec = try reader.readUInt8()
    guard Array(try reader.readBytes(3)) == [0, 0, 0] else {
      throw PackFormat.malformed("a block of an unknown kind")
    }
    rawLength = Int(try reader.read(UInt32.self))
    storedLength = Int(try reader.read(UInt32.self))
    guard rawLength <= PackFormat.maximumBlockSize, storedLength <= PackFormat.maximumBlockSize
    else { throw PackFormat.malformed("a block of an impossible length") }
  }
}

extension ByteBuffer {
  /// Unpacks the block that fills this buffer; `raw` is replaced if it is too small.
  func unpack(
    _ header: BlockHeader, with compressors: [any Compressor], into raw: inout ByteBuffer
  ) throws(IOError) {
    if raw.capacity < header.rawLength { raw = ByteBuffer(capacity: header.rawLength) }
    raw.removeAll()
    guard header.codec != 0 else {
      guard header.storedLength == header.rawLength else {
        throw PackFormat.malformed("a raw block of the wrong length")
      }
      raw.append(bytes)
      return
    }
    guard let compressor = compressors.first(where: { $0.codec == header.codec }) else {
      throw PackFormat.malformed("a block packed by a compressor (\(header.codec)) not given here")
    }
    let target = UnsafeMutableRawBufferPointer(start: raw.base, count: header.rawLength)
    var output = OutputRawSpan(buffer: target, initializedCount: 0)
    let isSound = compressor.decompress(bytes.bytes, into: &output)
    let count = output.finalize(for: target)
    guard isSound, count == header.rawLength else {
      throw PackFormat.malformed("a block that does not unpack")
    }
    raw.count = count
  }
}

extension ChunkRecord {
  /// The length of the record with which `bytes` begins.
  static func length(atFrontOf bytes: RawSpan) throws(IOError) -> Int {
    var reader = BinaryReader(bytes)
    let linkCount = try reader.readVarint(upTo: Chunk.maximumSize / ChunkID.byteCount)
    let dataCount = try reader.readVarint(upTo: Chunk.maximumSize)
    let length = reader.offset + linkCount * ChunkID.byteCount + dataCount
    guard length <= bytes.byteCount else {
      throw PackFormat.malformed("a chunk that is longer than its block")
    }
    return length
  }
}

extension SegmentCipher {
  /// Opens one sealed segment of a pack.
  mutating func openSegment(
    _ number: Int, of pack: PackInfo, _ sealed: [UInt8]
  ) throws(ChunkStoreError) -> [UInt8] {
    do {
      return try [UInt8](unsafeUninitializedCapacity: Segment.plainSize) { buffer, count in
        try sealed.withUnsafeBytes { sealed in
          try open(
            sealed, index: UInt64(number), isFinal: number == pack.segmentCount - 1,
            into: UnsafeMutableRawBufferPointer(buffer))
        }
        count = max(0, sealed.count - Segment.tagSize)
      }
    } catch {
      throw .damaged(pack.blob, "segment \(number) does not open")
    }
  }
}
