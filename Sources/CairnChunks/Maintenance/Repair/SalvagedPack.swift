import CairnCore
import CairnCrypto

/// What can be had of a pack that is damaged or missing, from all places that hold a copy of it.
///
/// A pack is sealed in segments of 64 KiB, each with a tag of its own, so one opens whatever became
/// of the others; and where one place has a damaged segment, another may have a sound one. Memory: a
/// byte per segment.
struct SalvagedPack: Sendable {
  /// Its name, its size as it was written, as far as that can be told, and where its payload begins.
  let info: PackInfo
  /// The number of a place where its header opens.
  let headerPlace: UInt8
  /// Opens its segments.
  let key: PayloadKey
  /// For each segment, the number of a place where it opens; 255 where there is none.
  let places: [UInt8]
  /// The blocks that can be read, at their true offsets.
  let table: PackTable
  /// The chunks that it held; `nil` if neither the index nor the pack itself tells.
  let chunkCount: Int?

  static let nowhere: UInt8 = 255
}

/// Looks for what can still be read of packs. Used by one thread, one of the library's own.
final class PackSalvage {
  private let targets: [any Target]
  private let keys: PackKeys
  private let hasher: ChunkHasher
  private let compressors: [any Compressor]
  private var stored = ByteBuffer(capacity: 256 << 10)
  private var raw = ByteBuffer(capacity: 256 << 10)

  /// - Parameter targets: the places where a pack may be, the best first; at most 255.
  init(
    _ targets: [any Target], keys: PackKeys, hasher: ChunkHasher, compressors: [any Compressor]
  ) {
    precondition(targets.count < 255)
    self.targets = targets
    self.keys = keys
    self.hasher = hasher
    self.compressors = compressors
  }

  /// Finds out what can be read of a pack.
  ///
  /// - Parameters:
  ///   - known: what the index says of it, if it says something.
  ///   - table: what the index says is in it.
  /// - Returns: `nil` if nothing can: no place has it, or its header, which holds the key, opens
  ///   nowhere.
  /// - Throws: the failure of a target, since what cannot be read today may be sound.
  func salvage(
    _ pack: Digest, known: PackInfo?, table: PackTable?
  ) throws(ChunkStoreError) -> SalvagedPack? {
    let name = BlobName.pack(pack)
    var sizes: [Int64] = []
    for target in targets { sizes.append(try target.sizeBlocking(of: name) ?? 0) }
    guard let (key, payloadOffset, headerPlace) = try openHeader(name, sizes, known) else {
      return nil
    }
    guard let longest = sizes.max() else { return nil }
    let size = known?.size ?? longest
    guard size < Int64(PackFormat.maximumPackSize), Int64(payloadOffset) < size else { return nil }
    var info = PackInfo(digest: pack, size: size, payloadOffset: payloadOffset)
    let (places, end) = try openSegments(of: info, sizes, key)
    if known == nil, let end {
      // As long as the segments say that it was; longer than what is left, where the end is gone.
      info = PackInfo(digest: pack, size: end, payloadOffset: payloadOffset)
    }
    var plain = try SalvagedPlaintext(info, key, places, targets)
    var found = PackTable()
    let whole = try ownTable(&plain) ?? table
    if let whole {
      try readBlocks(of: whole, &plain, &found)
    } else {
      try searchBlocks(&plain, &found)
    }
    return SalvagedPack(
      info: info, headerPlace: headerPlace, key: key, places: places, table: found,
      chunkCount: whole?.entries.count)
  }

  /// Lends every chunk that can be read to `body`.
  func forEachChunk(
    of pack: SalvagedPack,
    _ body: (ChunkID, borrowing ChunkRecord) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    var plain = try SalvagedPlaintext(pack.info, pack.key, pack.places, targets)
    for block in pack.table.blocks {
      guard try readBlock(at: Int(block.offset), &plain) != nil else {
        throw .damaged(pack.info.blob, "it changed while it was salvaged; run repair again")
      }
      try forEachRecord { (id, _, record) throws(ChunkStoreError) in try body(id, record) }
    }
  }

  // MARK: Header and segments

  private func openHeader(
    _ name: BlobName, _ sizes: [Int64], _ known: PackInfo?
  ) throws(ChunkStoreError) -> (key: PayloadKey, payloadOffset: Int, place: UInt8)? {
    for (place, size) in sizes.enumerated() where size > 0 {
      let front = try targets[place].getBlocking(name, range: 0..<min(size, PackTail.headerGuess))
      do throws(ChunkStoreError) {
        let opened = try keys.open(front, of: name)
        if known.map({ $0.payloadOffset == opened.payloadOffset }) != false {
          return (opened.key, opened.payloadOffset, UInt8(place))
        }
      } catch {
        guard error.isAboutBlob else { throw error }
      }
    }
    return nil
  }

  /// Tries each segment at each place.
  ///
  /// - Returns: where each opens; and the pack's size, if that can be told from them.
  private func openSegments(
    of pack: PackInfo, _ sizes: [Int64], _ key: PayloadKey
  ) throws(ChunkStoreError) -> (places: [UInt8], size: Int64?) {
    var cipher: SegmentCipher
    do {
      cipher = try SegmentCipher(key)
    } catch {
      throw .sealing(error)
    }
    var places = [UInt8](repeating: SalvagedPack.nowhere, count: pack.segmentCount)
    var end: Int64?
    let plain = ByteBuffer(capacity: Segment.plainSize)
    let batch = 16
    for place in sizes.indices where sizes[place] > Int64(pack.payloadOffset) {
      for first in stride(from: 0, to: places.count, by: batch) where first < places.count {
        let segments = first..<min(first + batch, places.count)
        guard places[segments].contains(SalvagedPack.nowhere) else { continue }
        let sealed = try targets[place].getBlocking(pack.blob, range: pack.sealedRange(segments))
        for number in segments where places[number] == SalvagedPack.nowhere {
          let start = (number - first) * Segment.sealedSize
          let stop = min(start + Segment.sealedSize, sealed.count)
          guard stop - start > Segment.tagSize else { break }
          let isFull = stop - start == Segment.sealedSize
          let isLast: Bool? = sealed.withUnsafeBytes { sealed in
            let segment = UnsafeRawBufferPointer(rebasing: sealed[start..<stop])
            for isFinal in isFull ? [false, true] : [true] {
              let isOpen: Void? = try? cipher.open(
                segment, index: UInt64(number), isFinal: isFinal, into: plain.free)
              if isOpen != nil { return isFinal }
            }
            return nil
          }
          guard let isLast else { continue }
          places[number] = UInt8(place)
          if isLast { places.removeLast(places.count - number - 1) }
          let stored = pack.sealedRange(number..<number + 1).lowerBound + Int64(stop - start)
          // One that is not the last is followed by another, of which at least a byte was sealed.
          let least = isLast ? stored : stored + Int64(Segment.tagSize) + 1
          end = max(end ?? 0, least)
          if isLast { break }
        }
      }
    }
    return (places, end)
  }

  // MARK: Blocks

  /// The pack's own table, if its end can be read.
  private func ownTable(
    _ plain: inout SalvagedPlaintext
  ) throws(ChunkStoreError) -> PackTable? {
    let size = plain.pack.plainSize
    guard size >= PackFormat.magic.count + PackFormat.trailerSize,
      try plain.read(size - PackFormat.trailerSize..<size, into: &stored),
      let trailer = try? PackTrailer(stored.bytes, of: plain.pack),
      try plain.read(
        trailer.tableStart..<trailer.tableStart + trailer.tableLength, into: &stored)
    else { return nil }
    guard let table = try? PackTable(stored.bytes.bytes), table.endOfBlocks == trailer.tableStart
    else { return nil }
    return table
  }

  private func readBlocks(
    of table: PackTable, _ plain: inout SalvagedPlaintext, _ found: inout PackTable
  ) throws(ChunkStoreError) {
    for block in table.blocks {
      guard block.codec == 0 || compressors.contains(where: { $0.codec == block.codec }) else {
        // It is not damaged, and must not be given up.
        throw ChunkStoreError(
          .invalid,
          "\(plain.pack.blob) was packed by a compressor (\(block.codec)) that is not given here; "
            + "open the repository with it", blob: plain.pack.blob)
      }
      guard let header = try readBlock(at: Int(block.offset), &plain) else { continue }
      try append(header, at: Int(block.offset), to: &found)
    }
  }

  /// Finds blocks by what each begins with, where no table tells their places.
  ///
  /// Content may look like a block: what is found then is a chunk that nobody asks for. Every place
  /// that may begin a block is tried, also those within others, so that they do not hide any; but not
  /// for ever, if content is full of such places.
  private func searchBlocks(
    _ plain: inout SalvagedPlaintext, _ found: inout PackTable
  ) throws(ChunkStoreError) {
    var budget = 8 * plain.pack.plainSize + PackFormat.maximumBlockSize
    for segment in 0..<plain.pack.segmentCount {
      guard let bytes = try plain.segment(segment) else { continue }
      var window = bytes
      if let next = try plain.segment(segment + 1) {
        window += next.prefix(PackFormat.blockMagic.count - 1)
      }
      for position in Self.magics(in: window) {
        let offset = segment * Segment.plainSize + position
        let header = try readBlock(at: offset, &plain)
        budget -= raw.count + stored.count
        if let header { try append(header, at: offset, to: &found) }
        if budget < 0 { return }
      }
    }
  }

  private static func magics(in bytes: [UInt8]) -> [Int] {
    let magic = PackFormat.blockMagic
    var found: [Int] = []
    bytes.withUnsafeBytes { bytes in
      var position = 0
      while position + magic.count <= bytes.count {
        if bytes[position] == magic[0], bytes[position + 1] == magic[1],
          bytes[position + 2] == magic[2], bytes[position + 3] == magic[3]
        {
          found.append(position)
        }
        position += 1
      }
    }
    return found
  }

  /// Reads a block into ``raw``.
  ///
  /// - Returns: its header; `nil` if there is no sound block.
  private func readBlock(
    at offset: Int, _ plain: inout SalvagedPlaintext
  ) throws(ChunkStoreError) -> BlockHeader? {
    raw.removeAll()
    let start = offset + PackFormat.blockHeaderSize
    guard try plain.read(offset..<start, into: &stored),
      let header = try? BlockHeader(stored.bytes.bytes),
      try plain.read(start..<start + header.storedLength, into: &stored)
    else { return nil }
    do {
      try stored.unpack(header, with: compressors, into: &raw)
      try forEachRecord { (_, _, _) in }
      return header
    } catch {
      raw.removeAll()
      return nil
    }
  }

  private func append(
    _ header: BlockHeader, at offset: Int, to found: inout PackTable
  ) throws(ChunkStoreError) {
    let first = found.entries.count
    try forEachRecord { (id, length, record) in
      found.entries.append(
        PackTable.Entry(
          id: id, recordLength: UInt32(length), hasLinks: record.linkCount > 0))
    }
    found.blocks.append(
      PackTable.Block(
        offset: UInt32(offset), storedLength: UInt32(header.storedLength),
        rawLength: UInt32(header.rawLength), codec: header.codec,
        entries: first..<found.entries.count))
  }

  /// Lends the chunks of the block in ``raw``, with their ids and the lengths of their records.
  private func forEachRecord(
    _ body: (ChunkID, Int, borrowing ChunkRecord) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    var position = 0
    while position < raw.count {
      let rest = raw.bytes.bytes.extracting(position..<raw.count)
      do {
        let length = try ChunkRecord.length(atFrontOf: rest)
        let record = try ChunkRecord(rest.extracting(0..<length))
        try body(hasher.id(of: record), length, record)
        position += length
      } catch let error as ChunkStoreError {
        throw error
      } catch {
        throw ChunkStoreError(.damaged, "a block is not sound: \(error)")
      }
    }
  }
}

/// The plaintext of a pack, as far as its segments open, a few of which are kept.
private struct SalvagedPlaintext: ~Copyable {
  let pack: PackInfo
  private let places: [UInt8]
  private let targets: [any Target]
  private var cipher: SegmentCipher
  /// Segments that were opened, the one used last at the end.
  private var opened: [(number: Int, bytes: [UInt8])] = []
  /// Sealed segments that lie at one place, and were loaded together.
  private var loaded: (segments: Range<Int>, bytes: [UInt8]) = (0..<0, [])

  private static let keptSegments = 4
  private static let segmentsPerLoad = 16

  init(
    _ pack: PackInfo, _ key: PayloadKey, _ places: [UInt8], _ targets: [any Target]
  ) throws(ChunkStoreError) {
    self.pack = pack
    self.places = places
    self.targets = targets
    do {
      cipher = try SegmentCipher(key)
    } catch {
      throw .sealing(error)
    }
  }

  /// A segment; `nil` if it opens nowhere, or there is none of that number.
  mutating func segment(_ number: Int) throws(ChunkStoreError) -> [UInt8]? {
    guard number < places.count, places[number] != SalvagedPack.nowhere else { return nil }
    if let known = opened.firstIndex(where: { $0.number == number }) {
      let segment = opened.remove(at: known)
      opened.append(segment)
      return segment.bytes
    }
    if !loaded.segments.contains(number) {
      var end = number + 1
      while end < places.count, end - number < Self.segmentsPerLoad, places[end] == places[number] {
        end += 1
      }
      let range = pack.sealedRange(number..<end)
      loaded = (
        number..<end, try targets[Int(places[number])].getBlocking(pack.blob, range: range)
      )
    }
    let start = (number - loaded.segments.lowerBound) * Segment.sealedSize
    let stop = min(start + Segment.sealedSize, loaded.bytes.count)
    guard stop > start else { throw Self.changed(pack) }
    let bytes = try cipher.openSegment(number, of: pack, Array(loaded.bytes[start..<stop]))
    if opened.count == Self.keptSegments { opened.removeFirst() }
    opened.append((number, bytes))
    return bytes
  }

  /// Puts the bytes of a range into `buffer`.
  ///
  /// - Returns: whether all of them could be read.
  mutating func read(
    _ range: Range<Int>, into buffer: inout ByteBuffer
  ) throws(ChunkStoreError) -> Bool {
    guard range.upperBound <= pack.plainSize else { return false }
    if buffer.capacity < range.count { buffer = ByteBuffer(capacity: range.count) }
    buffer.removeAll()
    var position = range.lowerBound
    while position < range.upperBound {
      let number = position / Segment.plainSize
      guard let bytes = try segment(number) else { return false }
      let start = position - number * Segment.plainSize
      let end = min(bytes.count, range.upperBound - number * Segment.plainSize)
      guard start < end else { return false }
      bytes.withUnsafeBytes { buffer.append(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
      position += end - start
    }
    return true
  }

  @inline(never)
  private static func changed(_ pack: PackInfo) -> ChunkStoreError {
    .damaged(pack.blob, "it changed while it was salvaged; run repair again")
  }
}
