public import CairnCrypto
import Synchronization
public import SystemPackage

/// An index that takes at most 13 bytes of memory per chunk, and 56 of a temporary file, of which it
/// keeps up to 128 KiB that were asked for lately.
///
/// In memory are 40 bits of each id: enough that an absent chunk is told as such without a look at the
/// file, but for one in ten thousand among a hundred million chunks. Where they match, the file has
/// the whole id, which decides; so no answer is ever wrong, whatever ids are stored, by chance or by
/// somebody who knows the repository's keys and makes ids that begin alike. A whole id has 32 bytes,
/// which is why less memory than that takes a file: the system keeps in its own memory what is
/// asked for often, and takes that back when it is needed.
///
/// The file has no name on Linux, belongs to its owner alone, and is gone with the process. What it
/// holds are ids and places, no content.
public final class CompactChunkIndex: ChunkIndex {
  private struct Tables {
    var packs = PackList()
    var finder = FingerprintTable()
    /// The records appended so far.
    var count = 0
  }

  private let tables = Mutex(Tables())
  private let records: RecordSpool
  /// Held by the one that appends records.
  private let insertion = Mutex(())

  /// - Parameter spoolDirectory: where the temporary file is, once there are more than some 18,000
  ///   chunks. `nil` keeps all in memory, at up to 69 bytes per chunk, and twice that while it grows.
  public init(spoolDirectory: FilePath? = "/var/tmp") {
    records = RecordSpool(in: spoolDirectory)
  }

  public var count: Int { tables.withLock { $0.count } }
  public var packCount: Int { tables.withLock { $0.packs.count } }

  /// Bytes of memory for what grows with the repository.
  package var memoryBytes: Int {
    tables.withLock { $0.finder.memoryBytes + $0.packs.memoryBytes } + records.memoryBytes
  }

  public func place(of id: ChunkID) throws(ChunkStoreError) -> ChunkPlace? {
    try place(of: id, avoiding: [])
  }

  public func place(
    of id: ChunkID, avoiding packs: Set<Int>
  ) throws(ChunkStoreError) -> ChunkPlace? {
    let fingerprint = Fingerprint(id)
    let found = tables.withLock { $0.finder.numbers(of: fingerprint) }
    guard let first = found.first else { return nil }
    var best = try place(at: first, ifOf: id, avoiding: packs)
    // More than one where packs hold the same chunk, or ids begin alike: the first of them.
    for number in found.others where best.map({ number < $0.ordinal }) != false {
      if let place = try place(at: number, ifOf: id, avoiding: packs) { best = place }
    }
    return best
  }

  /// What a record says, if it is of that chunk and its pack was not withdrawn, nor is to be avoided.
  private func place(
    at number: Int, ifOf id: ChunkID, avoiding packs: Set<Int>
  ) throws(ChunkStoreError) -> ChunkPlace? {
    let place = try withRecord(number) { (recordID, place) in
      recordID == id ? place.place(ordinal: number) : nil
    }
    guard let place, tables.withLock({ $0.packs.isThere(place.block.pack) }),
      !packs.contains(place.block.pack)
    else { return nil }
    return place
  }

  private func withRecord<Result>(
    _ number: Int, _ body: (ChunkID, StoredPlace) -> Result
  ) throws(ChunkStoreError) -> Result {
    try withUnsafeTemporaryAllocation(
      byteCount: StoredPlace.recordSize, alignment: 8
    ) { (record) throws(ChunkStoreError) -> Result in
      try records.read(record, at: number * StoredPlace.recordSize)
      let bytes = UnsafeRawBufferPointer(record)
      let id = UnsafeRawBufferPointer(rebasing: bytes[..<ChunkID.byteCount])
      return body(ChunkID(Digest(bytes: id)), StoredPlace(bytes, at: ChunkID.byteCount))
    }
  }

  public func insert(_ pack: PackInfo, _ contents: PackContents) throws(ChunkStoreError) {
    try insertion.withLock { (_: inout ()) throws(ChunkStoreError) in
      let (isKnown, number, count) = tables.withLock { tables in
        (tables.packs.contains(pack.digest), tables.packs.count, tables.count)
      }
      guard !isKnown else { return }
      guard count + contents.chunkCount < Int(UInt32.max) else {
        throw ChunkStoreError(
          .invalid, "the index in memory is full at \(UInt32.max) chunks; use one on disk")
      }
      var bytes: [UInt8] = []
      var fingerprints: [Fingerprint] = []
      bytes.reserveCapacity(contents.chunkCount * StoredPlace.recordSize)
      fingerprints.reserveCapacity(contents.chunkCount)
      contents.forEachChunk(inPack: number) { (id, block, offset, hasLinks) in
        id.digest.withBytes { id in id.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        StoredPlace(block: block, offset: offset, hasLinks: hasLinks).append(to: &bytes)
        fingerprints.append(Fingerprint(id))
      }
      try records.append(bytes)
      tables.withLock { tables in
        tables.packs.append(pack)
        for (place, fingerprint) in fingerprints.enumerated() {
          tables.finder.insert(fingerprint, UInt32(count + place))
        }
        tables.count += fingerprints.count
      }
    }
  }

  public func pack(_ number: Int) -> PackInfo { tables.withLock { $0.packs[number] } }

  public func contains(_ pack: Digest) -> Bool {
    tables.withLock { $0.packs.contains(pack) }
  }

  public func withdraw(_ pack: Digest) { tables.withLock { $0.packs.withdraw(pack) } }

  /// The chunks whose ids begin with the byte `shard`, the last inserted first.
  func records(
    ofShard shard: Int
  ) throws(ChunkStoreError) -> [(ordinal: Int, id: ChunkID, place: StoredPlace)] {
    let numbers = tables.withLock { $0.finder.numbers(ofShard: shard) }
    var found: [(ordinal: Int, id: ChunkID, place: StoredPlace)] = []
    found.reserveCapacity(numbers.count)
    for number in numbers.sorted(by: >) {
      found.append(try withRecord(number) { (id, place) in (number, id, place) })
    }
    return found
  }
}
