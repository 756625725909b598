/// The places at which a view differs from its default, in order, and by how many rows.
///
/// Sums of differences before any place take time in proportion to the number of chunks, which is a
/// few microseconds for a million places. 17 bytes a place.
struct DeltaTable {
  struct Entry: Equatable {
    var key: UInt64
    /// The rows that the entry at that place shows, itself included, beyond those of the default.
    var delta: Int64
    /// Whether it is expanded where the default is collapsed, or the other way round.
    var isToggled: Bool
  }

  private struct Chunk {
    var keys: [UInt64] = []
    var deltas: [Int64] = []
    var toggles: [Bool] = []
    var sum: Int64 = 0

    func index(of key: UInt64) -> Int {
      var (low, high) = (0, keys.count)
      while low < high {
        let middle = (low + high) / 2
        if keys[middle] < key { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  private var chunks: [Chunk] = []
  /// The sums of the differences before each chunk, as far as they are known.
  private var starts: [Int64] = []
  private var knownStarts = 0
  private(set) var count = 0

  private static let chunkLimit = 512

  init() {}

  /// - Parameter entries: in ascending order of their keys.
  init(_ entries: some Sequence<Entry>) {
    for entry in entries {
      if chunks.isEmpty || chunks[chunks.count - 1].keys.count == Self.chunkLimit / 2 {
        chunks.append(Chunk())
      }
      let last = chunks.count - 1
      chunks[last].keys.append(entry.key)
      chunks[last].deltas.append(entry.delta)
      chunks[last].toggles.append(entry.isToggled)
      chunks[last].sum += entry.delta
      count += 1
    }
  }

  /// The last chunk whose first key is `key` or less, or the first.
  private func chunk(for key: UInt64) -> Int {
    var (low, high) = (0, chunks.count)
    while low < high {
      let middle = (low + high) / 2
      if chunks[middle].keys[0] <= key { low = middle + 1 } else { high = middle }
    }
    return max(0, low - 1)
  }

  subscript(key: UInt64) -> (delta: Int64, isToggled: Bool) {
    guard !chunks.isEmpty else { return (0, false) }
    let place = chunk(for: key)
    let index = chunks[place].index(of: key)
    guard index < chunks[place].keys.count, chunks[place].keys[index] == key else {
      return (0, false)
    }
    return (chunks[place].deltas[index], chunks[place].toggles[index])
  }

  /// Stores what is known of a place; nothing if it does not differ.
  mutating func set(_ key: UInt64, delta: Int64, isToggled: Bool) {
    let isKept = delta != 0 || isToggled
    if chunks.isEmpty {
      guard isKept else { return }
      self = DeltaTable([Entry(key: key, delta: delta, isToggled: isToggled)])
      return
    }
    let place = chunk(for: key)
    let index = chunks[place].index(of: key)
    knownStarts = min(knownStarts, place + 1)
    if index < chunks[place].keys.count, chunks[place].keys[index] == key {
      chunks[place].sum += delta - chunks[place].deltas[index]
      if isKept {
        chunks[place].deltas[index] = delta
        chunks[place].toggles[index] = isToggled
      } else {
        remove(place, index)
      }
    } else if isKept {
      chunks[place].keys.insert(key, at: index)
      chunks[place].deltas.insert(delta, at: index)
      chunks[place].toggles.insert(isToggled, at: index)
      chunks[place].sum += delta
      count += 1
      if chunks[place].keys.count > Self.chunkLimit { split(place) }
    }
  }

  private mutating func remove(_ place: Int, _ index: Int) {
    chunks[place].keys.remove(at: index)
    chunks[place].deltas.remove(at: index)
    chunks[place].toggles.remove(at: index)
    count -= 1
    if chunks[place].keys.isEmpty {
      chunks.remove(at: place)
      knownStarts = min(knownStarts, place)
    }
  }

  private mutating func split(_ place: Int) {
    let half = chunks[place].keys.count / 2
    var behind = Chunk()
    behind.keys = Array(chunks[place].keys[half...])
    behind.deltas = Array(chunks[place].deltas[half...])
    behind.toggles = Array(chunks[place].toggles[half...])
    behind.sum = behind.deltas.reduce(0, +)
    chunks[place].keys.removeSubrange(half...)
    chunks[place].deltas.removeSubrange(half...)
    chunks[place].toggles.removeSubrange(half...)
    chunks[place].sum -= behind.sum
    chunks.insert(behind, at: place + 1)
  }

  private mutating func sumStarts() {
    guard knownStarts < chunks.count else { return }
    if starts.count < chunks.count {
      starts.append(contentsOf: repeatElement(0, count: chunks.count - starts.count))
    }
    for place in max(1, knownStarts)..<max(1, chunks.count) {
      starts[place] = starts[place - 1] + chunks[place - 1].sum
    }
    knownStarts = chunks.count
  }

  /// The sum of the differences at all places before `key`.
  mutating func sum(before key: UInt64) -> Int64 {
    guard !chunks.isEmpty else { return 0 }
    sumStarts()
    let place = chunk(for: key)
    let index = chunks[place].index(of: key)
    var sum = starts[place]
    for delta in chunks[place].deltas[..<index] { sum += delta }
    return sum
  }

  /// The last of the places from `low` on and below `high` for which `precedes` holds, which holds
  /// for all before it, too.
  ///
  /// - Parameter precedes: takes a key, and the sum of the differences from `low` on before it.
  /// - Returns: the entry there, and that sum.
  mutating func last(
    from low: UInt64, below high: UInt64,
    where precedes: (_ key: UInt64, _ sum: Int64) throws(LogError) -> Bool
  ) throws(LogError) -> (entry: Entry, sum: Int64)? {
    guard !chunks.isEmpty else { return nil }
    sumStarts()
    // The last chunk whose first key in the range precedes.
    let first = chunk(for: low)
    let firstIndex = chunks[first].index(of: low)
    var base = starts[first]
    for delta in chunks[first].deltas[..<firstIndex] { base += delta }
    var (lowest, highest) = (first + 1, chunks.count)
    while lowest < highest {
      let middle = (lowest + highest) / 2
      let key = chunks[middle].keys[0]
      if key < high, try precedes(key, starts[middle] - base) {
        lowest = middle + 1
      } else {
        highest = middle
      }
    }
    let place = lowest - 1
    let chunk = chunks[place]
    let start = place == first ? firstIndex : 0
    let end = max(start, chunk.index(of: high))
    // The sums from `start` on.
    var sums: [Int64] = []
    sums.reserveCapacity(end - start)
    var sum = place == first ? 0 : starts[place] - base
    for delta in chunk.deltas[start..<end] {
      sums.append(sum)
      sum += delta
    }
    var (lower, upper) = (start, end)
    while lower < upper {
      let middle = (lower + upper) / 2
      if try precedes(chunk.keys[middle], sums[middle - start]) {
        lower = middle + 1
      } else {
        upper = middle
      }
    }
    guard lower > start else { return nil }
    let found = lower - 1
    return (
      Entry(
        key: chunk.keys[found], delta: chunk.deltas[found], isToggled: chunk.toggles[found]),
      sums[found - start]
    )
  }

  /// Everything, in order.
  var entries: [Entry] {
    chunks.flatMap { chunk in
      chunk.keys.indices.map {
        Entry(key: chunk.keys[$0], delta: chunk.deltas[$0], isToggled: chunk.toggles[$0])
      }
    }
  }
}
