package import CairnCore
import CairnCrypto

/// Which packs a chunk goes to: nodes of trees lie together, away from content, so that walking a
/// tree reads little.
package enum PackFamily: Int, CaseIterable, Sendable {
  case content, nodes
}

/// One thread's way into a session: names chunks, leaves out those that are stored, gathers the new
/// ones in blocks, packs the blocks and appends them to a pack.
///
/// Lent by ``SessionCore/withLane(_:)``; one owner at a time.
package final class Lane: @unchecked Sendable {
  // Sendable: a lane is either in the session's list, under its lock, or with the one thread that
  // took it from there.
  private unowned let session: SessionCore
  private let hasher: ChunkHasher
  private var open: [OpenBlock]
  private var packed: ByteBuffer
  /// Where a packed block is unpacked again to be checked.
  private var unpacked: ByteBuffer

  /// A buffer for the lane's user to read files into.
  package let input: ByteBuffer

  private struct OpenBlock {
    var raw: ByteBuffer
    var entries: [PackTable.Entry] = []
  }

  init(_ session: SessionCore) {
    self.session = session
    hasher = ChunkHasher(session.repository.access.idKey)
    let blockSize = session.repository.layout.blockSize
    open = PackFamily.allCases.map { _ in OpenBlock(raw: ByteBuffer(capacity: blockSize)) }
    packed = ByteBuffer(capacity: blockSize)
    unpacked = ByteBuffer(capacity: session.options.checksPacks ? blockSize : 1)
    input = ByteBuffer(capacity: max(1 << 20, session.chunker.maximumSize))
  }

  /// Stores a chunk if it is not there, and returns its id. It is durable after the session's
  /// next publication.
  package func store(
    links: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
    data: UnsafeRawBufferPointer, in family: PackFamily
  ) throws(ChunkStoreError) -> ChunkID {
    let linkCount = links.count / ChunkID.byteCount
    let length = ChunkRecord.size(linkCount: linkCount, dataCount: data.count)
    guard length <= Chunk.maximumSize else {
      throw ChunkStoreError(
        .invalid, "a chunk of \(length) bytes is too large; the most is \(Chunk.maximumSize)")
    }
    let id = name(links: links, data: data)
    guard try session.claim(id) else {
      session.statistics.add(known: data.count)
      return id
    }
    session.statistics.add(new: data.count)
    if open[family.rawValue].raw.free.count < length {
      try sealBlock(of: family)
      if open[family.rawValue].raw.capacity < length {
        open[family.rawValue].raw = ByteBuffer(capacity: length)
      }
    }
    let raw = open[family.rawValue].raw
    raw.append(varint: UInt64(linkCount))
    raw.append(varint: UInt64(data.count))
    raw.append(links)
    raw.append(data)
    open[family.rawValue].entries.append(
      PackTable.Entry(id: id, recordLength: UInt32(length), hasLinks: linkCount > 0))
    if raw.count >= session.repository.layout.blockSize { try sealBlock(of: family) }
    return id
  }

  /// The id of a chunk.
  package func name(links: UnsafeRawBufferPointer, data: UnsafeRawBufferPointer) -> ChunkID {
    session.times.measure(.name) { hasher.id(links: links, data: data) }
  }

  /// Whether a chunk is stored, or is about to be.
  func knows(_ id: ChunkID) throws(ChunkStoreError) -> Bool { try session.knows(id) }

  /// Hands the blocks that are not full yet to their packs.
  func flush() throws(ChunkStoreError) {
    for family in PackFamily.allCases { try sealBlock(of: family) }
  }

  /// Unpacks a block again and compares.
  private func check(
    _ packed: ByteBuffer, against raw: ByteBuffer, _ compressor: any Compressor
  ) throws(ChunkStoreError) {
    if unpacked.capacity < raw.count { unpacked = ByteBuffer(capacity: raw.count) }
    let room = UnsafeMutableRawBufferPointer(start: unpacked.base, count: raw.count)
    var output = OutputRawSpan(buffer: room, initializedCount: 0)
    let isSound = compressor.decompress(packed.bytes.bytes, into: &output)
    unpacked.count = output.finalize(for: room)
    guard isSound, unpacked.holdsTheSame(as: raw) else { throw .faultyMemory() }
  }

  private func sealBlock(of family: PackFamily) throws(ChunkStoreError) {
    let raw = open[family.rawValue].raw
    guard !raw.isEmpty else { return }
    let entries = open[family.rawValue].entries
    open[family.rawValue].entries.removeAll(keepingCapacity: true)
    defer { raw.removeAll() }
    if packed.capacity < raw.count { packed = ByteBuffer(capacity: raw.count) }

    // Kept raw unless packing saves a sixteenth: less is not worth unpacking it.
    let limit = raw.count - raw.count / 16
    let room = UnsafeMutableRawBufferPointer(start: packed.base, count: limit)
    var output = OutputRawSpan(buffer: room, initializedCount: 0)
    let compressor = session.repository.compressor
    let isPacked = session.times.measure(.pack) {
      compressor.compress(raw.bytes.bytes, into: &output)
    }
    packed.count = output.finalize(for: room)
    if isPacked, session.options.checksPacks {
      try session.times.measure(.check) { () throws(ChunkStoreError) in
        try check(packed, against: raw, compressor)
      }
    }
    try session.withPack(family) { (pack) throws(ChunkStoreError) in
      try session.times.measure(.seal) { () throws(ChunkStoreError) in
        try pack.append(
          stored: isPacked ? packed.bytes : raw.bytes, rawLength: raw.count,
          codec: isPacked ? compressor.codec : 0, entries: entries)
      }
    }
  }
}
