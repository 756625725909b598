/// A bit for each chunk of an index, by its ordinal.
struct ChunkBits: Sendable {
  private var words: [UInt64] = []

  /// - Returns: whether the bit was not set before.
  mutating func insert(_ ordinal: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(ordinal & 63)
    if words.count <= ordinal >> 6 {
      words.append(contentsOf: repeatElement(0, count: (ordinal >> 6) + 1 - words.count))
    }
    defer { words[ordinal >> 6] |= bit }
    return words[ordinal >> 6] & bit == 0
  }

  /// Whether every bit that is set here is set there.
  func isSubset(of other: ChunkBits) -> Bool {
    words.indices.allSatisfy { number in
      words[number] & ~(number < other.words.count ? other.words[number] : 0) == 0
    }
  }

  func contains(_ ordinal: Int) -> Bool {
    ordinal >> 6 < words.count && words[ordinal >> 6] & (1 << UInt64(ordinal & 63)) != 0
  }
}

/// What is reached from some chunks, in a bit per chunk of the index; a second bit tells which of
/// them a pack was found for.
struct LiveChunks: Sendable {
  private var live = ChunkBits()
  private var held = ChunkBits()

  /// Marks all that is reached from a chunk, reading only chunks that have links. Called from the
  /// library's own threads.
  ///
  /// - Parameter isComplete: a chunk that is missing is an error; else it is passed over.
  mutating func mark(
    _ chunk: ChunkID, in repository: Repository, isComplete: Bool
  ) throws(ChunkStoreError) {
    let index = repository.loadedIndex
    var pending = [chunk]
    while let id = pending.popLast() {
      guard let place = try index.place(of: id) else {
        if isComplete { throw .missing(id) }
        continue
      }
      guard live.insert(place.ordinal), place.hasLinks else { continue }
      let links = try repository.withReader { (reader) throws(ChunkStoreError) in
        try reader.withChunk(id) { (record) throws(ChunkStoreError) in record.links }
      }
      pending.append(contentsOf: links.reversed())
    }
  }

  func contains(_ ordinal: Int) -> Bool { live.contains(ordinal) }

  /// Whether a pack that holds the chunk is the first that is asked about, and the chunk alive.
  mutating func hold(_ ordinal: Int) -> Bool { live.contains(ordinal) && held.insert(ordinal) }

  /// Whether a pack was found for every chunk that is alive.
  var isHeld: Bool { live.isSubset(of: held) }

  /// Whether the chunk is alive, and no pack holds it yet.
  func isMissing(_ ordinal: Int) -> Bool { live.contains(ordinal) && !held.contains(ordinal) }
}
