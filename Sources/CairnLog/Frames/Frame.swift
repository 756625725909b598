import CairnCore
import CairnTree

/// A frame: some records under one checksum, read from the file and found sound.
///
/// Whoever keeps it may keep records' bytes as long.
final class Frame {
  static let headerByteCount = 48
  /// `CLFR`
  static let magic: UInt32 = 0x5246_4C43
  /// Frames are padded to a multiple of this.
  static let alignment = 32
  /// A frame that has so many bytes is written. Larger frames cost a reader of one entry more time,
  /// smaller ones the index more space: 16 KiB are checked in some 3 microseconds.
  static let usualByteCount = 16 << 10
  /// The most bytes of text, or of fields, that an entry can have.
  static let maximumText = 1 << 20
  /// The most bytes of a frame: a usual one, and an entry of the largest size with fields that have
  /// new names.
  static let maximumByteCount = usualByteCount + 3 * maximumText + 256

  let offset: Int64
  /// The number of entries that arrived before it.
  let firstID: UInt32
  let entryCount: Int
  let recordCount: Int
  let baseTime: Int64
  private let memory: ByteBuffer
  private let recordEnd: Int
  private var knownPlaces: [Place]?

  var byteCount: Int { memory.count }
  var end: Int64 { offset + Int64(memory.count) }
  var ids: Range<UInt32> { firstID..<firstID + UInt32(entryCount) }
  var records: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: memory.bytes[Self.headerByteCount..<recordEnd])
  }

  /// Where its entries are in the outline, found out once.
  func places() throws(LogError) -> [Place] {
    if let knownPlaces { return knownPlaces }
    var places: [Place] = []
    places.reserveCapacity(entryCount)
    var cursor = RecordCursor(self)
    while let record = try cursor.next() {
      if record.isEntry { places.append(Place(parent: record.parent, ordinal: record.ordinal)) }
    }
    knownPlaces = places
    return places
  }

  private init(
    _ offset: Int64, _ memory: ByteBuffer, firstID: UInt32, entryCount: Int, recordCount: Int,
    baseTime: Int64, recordEnd: Int
  ) {
    self.offset = offset
    self.memory = memory
    self.firstID = firstID
    self.entryCount = entryCount
    self.recordCount = recordCount
    self.baseTime = baseTime
    self.recordEnd = recordEnd
  }

  /// Reads the frame at `offset`.
  ///
  /// - Parameter end: where the file, or what of it may be read, ends.
  /// - Returns: `nil` if there is no sound frame.
  static func read(
    _ storage: any PageStorage, _ header: LogHeader, at offset: Int64, before end: Int64
  ) throws(LogError) -> Frame? {
    guard offset >= Int64(LogHeader.byteCount), offset <= end - Int64(headerByteCount) else {
      return nil
    }
    // Most frames have about the usual size: one call reads the whole.
    let available = Int(min(end - offset, Int64(maximumByteCount)))
    var memory = ByteBuffer(capacity: min(available, usualByteCount + 4096))
    try read(storage, at: offset, into: memory)
    guard memory.count >= headerByteCount, load(memory, 8, UInt32.self) == magic else { return nil }
    let byteCount = Int(load(memory, 12, UInt32.self))
    guard byteCount >= headerByteCount, byteCount <= available, byteCount % alignment == 0 else {
      return nil
    }
    if byteCount > memory.capacity {
      memory = ByteBuffer(capacity: byteCount)
      try read(storage, at: offset, into: memory)
    }
    guard memory.count >= byteCount else { return nil }
    memory.count = byteCount
    let checksum = BlockChecksum.of(memory.base, byteCount, seed: header.seed(at: offset))
    guard load(memory, 0, UInt64.self) == checksum else { return nil }
    let firstID = load(memory, 16, UInt32.self)
    let entryCount = load(memory, 20, UInt32.self)
    let recordBytes = Int(load(memory, 32, UInt32.self))
    let recordCount = load(memory, 36, UInt32.self)
    guard recordBytes <= byteCount - headerByteCount, entryCount <= recordCount,
      Int(recordCount) <= recordBytes, !firstID.addingReportingOverflow(entryCount).overflow
    else { return nil }
    return Frame(
      offset, memory, firstID: firstID, entryCount: Int(entryCount), recordCount: Int(recordCount),
      baseTime: load(memory, 24, Int64.self), recordEnd: headerByteCount + recordBytes)
  }

  private static func read(
    _ storage: any PageStorage, at offset: Int64, into memory: ByteBuffer
  ) throws(LogError) {
    do throws(IOError) {
      memory.count = try storage.readFully(
        at: offset, into: UnsafeMutableRawBufferPointer(start: memory.base, count: memory.capacity))
    } catch {
      throw .storage("cannot read the entries", error)
    }
  }

  private static func load<Number: FixedWidthInteger & BitwiseCopyable>(
    _ memory: ByteBuffer, _ offset: Int, _ type: Number.Type
  ) -> Number {
    Number(littleEndian: memory.bytes.loadUnaligned(fromByteOffset: offset, as: type))
  }
}

extension PageStorage {
  /// Reads until `buffer` is full or the end is reached, and returns how many bytes.
  func readFully(
    at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(IOError) -> Int {
    var done = 0
    while done < buffer.count {
      var output = OutputRawSpan(
        buffer: UnsafeMutableRawBufferPointer(rebasing: buffer[done...]), initializedCount: 0)
      let count = try read(at: offset + Int64(done), into: &output)
      if count == 0 { break }
      done += count
    }
    return done
  }
}
