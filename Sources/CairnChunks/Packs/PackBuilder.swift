import CairnCore
import CairnCrypto
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Grows one pack in a temporary file: blocks in, an age file out.
///
/// Used by one thread at a time.
final class PackBuilder {
  private let spool: SpooledFile
  private let key: PayloadKey
  private var cipher: SegmentCipher
  private var hash = SHA256()
  private let payloadOffset: Int

  private(set) var table = PackTable()
  /// The plaintext of the segment being filled.
  private let plain = ByteBuffer(capacity: Segment.plainSize)
  /// Holds the sealed segments that are not written yet.
  private let writer: UncachedWriter
  private var sealed: ByteBuffer { writer.buffer }
  /// Where sealed segments are opened again, if they are.
  private let opened: ByteBuffer?
  private var segmentNumber: UInt64 = 0

  /// Large enough for a disk to be busy with, small enough to have one for each open pack.
  private static let bufferSize = 400 << 10

  /// - Parameters:
  ///   - spool: an empty file.
  ///   - recipients: who can open the pack.
  ///   - isChecked: opens each segment again and compares.
  init(
    in spool: SpooledFile, for recipients: [any Recipient], isChecked: Bool
  ) throws(ChunkStoreError) {
    self.spool = spool
    writer = UncachedWriter(spool.file, capacity: Self.bufferSize)
    opened = isChecked ? ByteBuffer(capacity: Segment.plainSize) : nil
    let header: [UInt8]
    let nonce: [UInt8]
    do {
      let (sealedHeader, fileKey) = try Header.seal(to: recipients)
      nonce = try SecureRandom.bytes(PayloadKey.nonceSize)
      key = try PayloadKey(fileKey, nonce: nonce.span.bytes)
      cipher = try SegmentCipher(key)
      header = sealedHeader.bytes
    } catch {
      throw .sealing(error)
    }
    payloadOffset = header.count + nonce.count
    sealed.appendArray(header)
    sealed.appendArray(nonce)
    hash.update(sealed.bytes)
    try append(PackFormat.magic)
  }

  /// The size of the pack if it were finished now, but for the table.
  var size: Int { Int(writer.writtenCount) + sealed.count + plain.count }

  /// Appends a block.
  ///
  /// - Parameters:
  ///   - stored: its bytes as packed by `codec`.
  ///   - entries: its chunks in order.
  func append(
    stored: UnsafeRawBufferPointer, rawLength: Int, codec: UInt8, entries: [PackTable.Entry]
  ) throws(ChunkStoreError) {
    try append(
      PackFormat.blockHeader(codec: codec, rawLength: rawLength, storedLength: stored.count))
    try append(stored)
    table.append(
      storedLength: stored.count, rawLength: rawLength, codec: codec, entries: entries)
  }

  /// Appends the table and seals the last segment; the file is whole, but not durable yet.
  func finish() throws(ChunkStoreError) -> FinishedPack {
    var tail = BinaryWriter(reserving: table.encodedSize + PackFormat.trailerSize)
    table.encode(into: &tail)
    tail.append(PackFormat.trailer(tableLength: tail.count))
    try append(tail.bytes)
    try sealSegment(isFinal: true)
    try write { () throws(Errno) in try writer.finish() }
    return FinishedPack(
      info: PackInfo(
        digest: hash.finalize(), size: writer.writtenCount, payloadOffset: payloadOffset),
      table: table, key: key, file: spool)
  }

  private func append(_ bytes: [UInt8]) throws(ChunkStoreError) {
    try bytes.withRawBytes { (bytes) throws(ChunkStoreError) in try append(bytes) }
  }

  private func append(_ bytes: UnsafeRawBufferPointer) throws(ChunkStoreError) {
    var rest = bytes
    while rest.count > 0 {
      // A full segment is sealed only when more follows: the last one is marked as such.
      if plain.free.count == 0 { try sealSegment(isFinal: false) }
      let count = min(rest.count, plain.free.count)
      plain.append(UnsafeRawBufferPointer(rebasing: rest[..<count]))
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  private func sealSegment(isFinal: Bool) throws(ChunkStoreError) {
    if sealed.free.count < Segment.sealedSize {
      try write { () throws(Errno) in try writer.writeBlocks() }
    }
    do {
      try cipher.seal(
        plain.bytes, index: segmentNumber, isFinal: isFinal, into: sealed.free)
      if let opened {
        let written = UnsafeRawBufferPointer(
          start: sealed.free.baseAddress!, count: plain.count + Segment.tagSize)
        opened.removeAll()
        try cipher.open(written, index: segmentNumber, isFinal: isFinal, into: opened.free)
        opened.count = plain.count
      }
    } catch {
      throw error.code == .payload ? .faultyMemory() : .sealing(error)
    }
    if let opened, !opened.holdsTheSame(as: plain) { throw .faultyMemory() }
    let start = sealed.count
    sealed.count += plain.count + Segment.tagSize
    hash.update(UnsafeRawBufferPointer(rebasing: sealed.bytes[start...]))
    plain.removeAll()
    segmentNumber += 1
  }

  private func write(_ body: () throws(Errno) -> Void) throws(ChunkStoreError) {
    do throws(Errno) {
      try body()
    } catch {
      throw ChunkStoreError(
        .targetFailed, "cannot write a pack",
        cause: .systemCall("write to", "a temporary file", error))
    }
  }
}

/// A pack that is whole in its temporary file.
struct FinishedPack: Sendable {
  let info: PackInfo
  let table: PackTable
  let key: PayloadKey
  let file: SpooledFile
}

extension ChunkStoreError {
  /// What was just made is not what was asked for.
  @inline(never)
  static func faultyMemory() -> ChunkStoreError {
    ChunkStoreError(
      .damaged,
      "data changed in memory while it was packed, so nothing was published; "
        + "the memory or processor of this machine is faulty: test it before you try again")
  }
}

extension ByteBuffer {
  func holdsTheSame(as other: ByteBuffer) -> Bool {
    count == other.count && memcmp(base, other.base, count) == 0
  }

  func appendArray(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append($0) }
  }
}
