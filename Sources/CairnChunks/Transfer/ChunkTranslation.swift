import CairnCore
import CairnCrypto
import SystemPackage

/// What chunks of one repository are called in another: at most 13 bytes of memory for each, and 64 of a
/// temporary file.
///
/// Used by one thread at a time.
final class ChunkTranslation {
  private var finder = FingerprintTable()
  private let records: RecordSpool
  private var count = 0

  /// Both ids.
  private static let recordSize = 2 * ChunkID.byteCount

  /// - Parameter spoolDirectory: where the temporary file is, once there are more than some 16,000.
  init(spoolDirectory: FilePath) {
    records = RecordSpool(in: spoolDirectory)
  }

  /// What a chunk is called, or `nil` if that is not known.
  subscript(id: ChunkID) -> ChunkID? {
    get throws(ChunkStoreError) {
      let found = finder.numbers(of: Fingerprint(id))
      guard let first = found.first else { return nil }
      if let name = try name(at: first, ifOf: id) { return name }
      for number in found.others {
        if let name = try name(at: number, ifOf: id) { return name }
      }
      return nil
    }
  }

  private func name(at number: Int, ifOf id: ChunkID) throws(ChunkStoreError) -> ChunkID? {
    try withUnsafeTemporaryAllocation(
      byteCount: Self.recordSize, alignment: 8
    ) { (record) throws(ChunkStoreError) -> ChunkID? in
      try records.read(record, at: number * Self.recordSize)
      let bytes = UnsafeRawBufferPointer(record).bytes
      guard ChunkID(Digest(bytes: bytes.extracting(0..<32))) == id else { return nil }
      return ChunkID(Digest(bytes: bytes.extracting(32..<64)))
    }
  }

  /// - Parameter names: of chunks that are not in here.
  func insert(_ names: [ChunkName]) throws(ChunkStoreError) {
    guard !names.isEmpty else { return }
    guard count + names.count < Int(UInt32.max) else {
      throw ChunkStoreError(
        .invalid, "more than \(UInt32.max) chunks cannot be copied at once; copy fewer roots")
    }
    var bytes = BinaryWriter(reserving: names.count * Self.recordSize)
    for name in names {
      name.id.digest.withBytes { bytes.append($0) }
      name.copy.digest.withBytes { bytes.append($0) }
    }
    try records.append(bytes.bytes)
    for name in names {
      finder.insert(Fingerprint(name.id), UInt32(count))
      count += 1
    }
  }
}

/// A chunk, and what it is called in another repository.
struct ChunkName: Sendable {
  let id: ChunkID
  let copy: ChunkID
}

/// A chunk with links, in memory.
struct CopiedNode: Sendable {
  let id: ChunkID
  let links: [UInt8]
  let data: [UInt8]

  init(_ id: ChunkID, _ record: borrowing ChunkRecord) {
    self.id = id
    links = Array(record.linkBytes)
    data = Array(record.data)
  }

  var linkCount: Int { links.count / ChunkID.byteCount }
  var byteCount: Int { links.count + data.count }

  func link(_ number: Int) -> ChunkID {
    let start = number * ChunkID.byteCount
    return ChunkID(Digest(bytes: links.span.bytes.extracting(start..<start + ChunkID.byteCount)))
  }
}
