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

/// Chunks in the order of their ids, and a filter that says of most others that they are not there.
struct SavedRun {
  let name: SavedRunName
  let entries: ReadableTree
  private let filter: SavedFilter

  /// - Returns: `nil` if it is not whole.
  init?(_ name: SavedRunName, in view: ReadTransaction) throws(TreeError) {
    guard let entries = try view.treeIfExists(name.entries),
      let filter = try view.treeIfExists(name.filter), entries.options == SavedEntry.options,
      filter.options == SavedFilter.options
    else { return nil }
    self.name = name
    self.entries = entries
    self.filter = SavedFilter(filter, blockCount: name.blockCount)
  }

  /// Calls `body` with the places of a chunk, in the order of their packs, until it returns true.
  ///
  /// - Returns: whether it did.
  func forEachPlace(
    of id: ChunkID, _ body: (ChunkPlace) throws(TreeError) -> Bool
  ) throws(TreeError) -> Bool {
    guard try filter.mayHold(id) else { return false }
    var key: [UInt8] = []
    SavedEntry.key(id, pack: 0, into: &key)
    var next = try entries.ceiling(key.span.bytes)
    while let found = next {
      let entry = SavedEntry(key: found.key.span.bytes, value: found.value.span.bytes)
      guard entry.id == id else { break }
      if try body(entry.place.place(ordinal: Int(entry.ordinal))) { return true }
      next = try entries.entry(after: found.key.span.bytes)
    }
    return false
  }
}

/// What the file says of a run: a number of its own, and how many blocks its filter has.
struct SavedRunName {
  static let size = 8

  let number: UInt32
  let blockCount: UInt32

  var entries: String { "run-\(number)" }
  var filter: String { "filter-\(number)" }
}

/// Fills a run with entries in the order of their keys.
struct RunWriter {
  private let tree: WritableTree
  private var filter: SavedFilter.Writer
  private var last: SavedEntry?
  private var key: [UInt8] = []
  private var value: [UInt8] = []

  init(_ name: SavedRunName, in writing: WriteTransaction) throws(TreeError) {
    tree = try writing.tree(name.entries, creating: SavedEntry.options)
    filter = SavedFilter.Writer(
      try writing.tree(name.filter, creating: SavedFilter.options), blockCount: name.blockCount)
  }

  /// Appends an entry, unless it has the key of the one before.
  mutating func append(_ entry: SavedEntry) throws(TreeError) {
    if let last, last.id == entry.id, last.place.pack == entry.place.pack { return }
    SavedEntry.key(entry.id, pack: entry.place.pack, into: &key)
    value.removeAll(keepingCapacity: true)
    withUnsafeBytes(of: entry.ordinal.littleEndian) { value.append(contentsOf: $0) }
    entry.place.append(to: &value)
    try tree.append(key.span.bytes, value.span.bytes)
    try filter.append(entry.id)
    last = entry
  }

  /// To be called behind the last entry.
  mutating func finish() throws(TreeError) { try filter.finish() }
}

/// The entries of several runs in the order of their keys.
struct RunMerge {
  private struct Source {
    let cursor: TreeCursor<ReadableTree>
    var entry: SavedEntry
  }
  private var sources: [Source] = []

  init(_ runs: some Sequence<SavedRun>) throws(TreeError) {
    for run in runs {
      let cursor = run.entries.makeCursor()
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
