import CairnCore
import CairnCrypto
import CairnTree

/// An entry of a run: a chunk, and where it is.
///
/// The key is the id and the number of the pack, 4 bytes, big-endian; the value the ordinal, 4 bytes,
/// little-endian, and the place as in ``StoredPlace``.
struct SavedEntry {
  let id: ChunkID
  let ordinal: UInt32
  let place: StoredPlace

  static let options = TreeOptions(
    keyWidth: ChunkID.byteCount + 4, valueWidth: 4 + StoredPlace.size)

  init(id: ChunkID, ordinal: UInt32, place: StoredPlace) {
    self.id = id
    self.ordinal = ordinal
    self.place = place
  }

  /// Of a tree of ``options``.
  init(key: RawSpan, value: RawSpan) {
    id = ChunkID(Digest(bytes: key.extracting(0..<ChunkID.byteCount)))
    (ordinal, place) = value.withUnsafeBytes { value in
      (
        UInt32(littleEndian: value.loadUnaligned(as: UInt32.self)), StoredPlace(value, at: 4)
      )
    }
  }

  static func key(_ id: ChunkID, pack: UInt32, into key: inout [UInt8]) {
    key.removeAll(keepingCapacity: true)
    id.digest.withBytes { bytes in bytes.withUnsafeBytes { key.append(contentsOf: $0) } }
    withUnsafeBytes(of: pack.bigEndian) { key.append(contentsOf: $0) }
  }

  static func comesBefore(_ left: SavedEntry, _ right: SavedEntry) -> Bool {
    left.id != right.id ? left.id < right.id : left.place.pack < right.place.pack
  }
}

/// Fills a run with entries in the order of their keys.
struct RunWriter {
  private let tree: WritableTree
  private var last: SavedEntry?
  private var key: [UInt8] = []
  private var value: [UInt8] = []

  init(_ tree: WritableTree) {
    self.tree = tree
  }

  /// Appends an entry, unless it has the key of the one before.
  mutating func append(_ entry: SavedEntry) throws(TreeError) {
    if let last, last.id == entry.id, last.place.pack == entry.place.pack { return }
    SavedEntry.key(entry.id, pack: entry.place.pack, into: &key)
    value.removeAll(keepingCapacity: true)
    withUnsafeBytes(of: entry.ordinal.littleEndian) { value.append(contentsOf: $0) }
    entry.place.append(to: &value)
    try tree.append(key.span.bytes, value.span.bytes)
    last = entry
  }
}

/// The entries of several runs in the order of their keys.
struct RunMerge {
  private struct Source {
    let cursor: TreeCursor<ReadableTree>
    var entry: SavedEntry
  }
  private var sources: [Source] = []

  init(_ runs: some Sequence<ReadableTree>) throws(TreeError) {
    for run in runs {
      let cursor = run.makeCursor()
      if let entry = try Self.next(cursor) { sources.append(Source(cursor: cursor, entry: entry)) }
    }
  }

  private static func next(_ cursor: TreeCursor<ReadableTree>) throws(TreeError) -> SavedEntry? {
    guard try cursor.next() else { return nil }
    return try cursor.withEntry { SavedEntry(key: $0, value: $1) }
  }

  /// The next entry; `nil` behind the last.
  mutating func next() throws(TreeError) -> SavedEntry? {
    guard var first = sources.indices.first else { return nil }
    for number in sources.indices.dropFirst()
    where SavedEntry.comesBefore(sources[number].entry, sources[first].entry) {
      first = number
    }
    let entry = sources[first].entry
    if let following = try Self.next(sources[first].cursor) {
      sources[first].entry = following
    } else {
      sources.remove(at: first)
    }
    return entry
  }
}
