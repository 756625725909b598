import CairnCrypto

/// The index blobs that were read or written, and which of them others replace.
struct IndexBlobSet {
  /// Those that are needed, with their sizes.
  private var needed: [Digest: Int64] = [:]
  /// Those that are not, and what says so.
  private var replaced: [Digest: Digest] = [:]
  private var isMerging = false

  /// Blobs of up to 64 KiB are merged when there are this many, and so are those of up to 8 times
  /// that, and so on: each chunk is written anew once for each time that the index has grown to
  /// eight times its size.
  static let mergeCount = 8
  private static let smallestClass: Int64 = 64 << 10
  /// Some eight million chunks: beyond it, blobs stay as they are.
  private static let largestMerge: Int64 = 256 << 20

  /// Whether the blob need not be read.
  func contains(_ digest: Digest) -> Bool {
    needed[digest] != nil || replaced[digest] != nil
  }

  /// Takes note of a blob that was read whole, or written.
  mutating func insert(_ digest: Digest, size: Int64, replacing others: [Digest]) {
    needed[digest] = size
    for other in others where other != digest {
      needed[other] = nil
      replaced[other] = digest
    }
  }

  /// Forgets the blobs that are not there any more.
  mutating func retain(_ listed: Set<Digest>) {
    needed = needed.filter { listed.contains($0.key) }
    replaced = replaced.filter { listed.contains($0.key) }
  }

  mutating func remove(_ digest: Digest) {
    needed[digest] = nil
    replaced[digest] = nil
  }

  /// Blobs that are to be merged, and those that they have replaced and that are still there; `nil`
  /// if there is nothing to do, or somebody is at it. Ended by ``endMerge()``.
  mutating func beginMerge() -> (merged: [BlobInfo], replaced: [Digest])? {
    guard !isMerging else { return nil }
    var classes: [Int: [(digest: Digest, size: Int64)]] = [:]
    for (digest, size) in needed where size < Self.largestMerge {
      classes[Self.sizeClass(size), default: []].append((digest, size))
    }
    let crowded = classes.filter { $0.value.count >= Self.mergeCount }
    guard let smallest = crowded.min(by: { $0.key < $1.key }) else { return nil }
    var chosen: [BlobInfo] = []
    var total: Int64 = 0
    for (digest, size) in smallest.value.sorted(by: { ($0.size, $0.digest) < ($1.size, $1.digest) })
    where total + size <= Self.largestMerge || chosen.count < 2 {
      chosen.append(BlobInfo(name: .index(digest), size: size))
      total += size
    }
    isMerging = true
    let digests = Set(chosen.compactMap(\.name.contentDigest))
    return (chosen, replaced.filter { digests.contains($0.value) }.keys.sorted())
  }

  mutating func endMerge() { isMerging = false }

  private static func sizeClass(_ size: Int64) -> Int {
    var (number, limit) = (0, smallestClass)
    while size > limit { (number, limit) = (number + 1, limit * Int64(mergeCount)) }
    return number
  }

  // MARK: Keeping it

  /// Whether a blob that is needed is not there any more, and nothing replaces it.
  func hasLostAny(notIn listed: Set<Digest>) -> Bool {
    needed.keys.contains { !listed.contains($0) }
  }

  /// Calls `body` with each blob, and what replaces it.
  func forEach(_ body: (Digest, _ size: Int64, _ replacer: Digest?) -> Void) {
    for (digest, size) in needed { body(digest, size, nil) }
    for (digest, replacer) in replaced { body(digest, 0, replacer) }
  }

  /// Takes what ``forEach(_:)`` gave.
  mutating func restore(_ digest: Digest, size: Int64, replacer: Digest?) {
    if let replacer { replaced[digest] = replacer } else { needed[digest] = size }
  }

  func isSame(as other: IndexBlobSet) -> Bool {
    needed == other.needed && replaced == other.replaced
  }
}
