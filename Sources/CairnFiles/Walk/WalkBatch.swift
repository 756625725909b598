import CairnCore

/// What a walk found, one after the other, in flat arrays: a million files are not a million objects.
struct WalkBatch: Sendable {
  /// An entry as ``SortedWalk`` described it.
  struct Entry: Sendable {
    let status: FileStatus
    let parent: DirectoryHandle
    /// The entry itself if it is a directory that is entered.
    let directory: DirectoryHandle?
    fileprivate let name: Range<Int>
  }

  enum Finding: Sendable {
    case entry(Entry)
    case problem(IOError)
  }

  struct Item: Sendable {
    /// Where its key is in ``WalkBatch/keys``, or the beginning of one that is too long.
    let key: Range<Int>
    let isKeyWhole: Bool
    let finding: Finding
  }

  private(set) var items: [Item] = []
  private(set) var keys: [UInt8] = []
  /// Each with its zero at the end.
  private var names: [UInt8] = []
  private(set) var directories = 0
  /// Whether the walk ends with it.
  var isLast = false

  /// Calls `body` with the name of one of the entries in its directory, as a C string.
  func withFileName<Result, Failure>(
    of entry: Entry, _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try names.withRawBytes { (names) throws(Failure) -> Result in
      let name = UnsafeRawBufferPointer(rebasing: names[entry.name])
      return try body(name.baseAddress!.assumingMemoryBound(to: CChar.self))
    }
  }

  /// Appends the walk's current entry.
  mutating func appendEntry(of walk: borrowing SortedWalk, keyLimit: Int) {
    let start = names.count
    walk.fileName.withUnsafeBytes { names.append(contentsOf: $0) }
    names.append(0)
    if walk.directory != nil { directories += 1 }
    append(
      .entry(
        Entry(
          status: walk.status, parent: walk.parent, directory: walk.directory,
          name: start..<names.count)),
      of: walk, keyLimit: keyLimit)
  }

  /// Appends a problem that the walk met.
  mutating func append(_ problem: IOError, of walk: borrowing SortedWalk, keyLimit: Int) {
    append(.problem(problem), of: walk, keyLimit: keyLimit)
  }

  private mutating func append(
    _ finding: Finding, of walk: borrowing SortedWalk, keyLimit: Int
  ) {
    let start = keys.count
    let isWhole = walk.withKey { key in
      keys.append(contentsOf: key.prefix(keyLimit))
      return key.count <= keyLimit
    }
    items.append(Item(key: start..<keys.count, isKeyWhole: isWhole, finding: finding))
  }
}
