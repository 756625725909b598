import CairnChunks

/// The tree of the commit at hand, and the notes in it.
///
/// A note on a commit is a file whose path is the commit's id in hexadecimal, cut after every second
/// digit as often as there are times 256 notes: "ab/cdef…" from 256 notes on, "ab/cd/ef…" from
/// 65,536 on.
struct WorkTree {
  var root: Directory
  /// As far as it is known: a tree whose notes were never touched counts as one without.
  var noteCount: Int
  private var fanout: Int
  private var changes = 0

  private let changeLimit: Int

  /// - Parameter changeLimit: after so many changes the tree is written, so that a commit of any size
  ///   takes little memory.
  init(_ root: Directory, noteCount: Int, changeLimit: Int) {
    self.changeLimit = changeLimit
    self.root = root
    self.noteCount = noteCount
    fanout = Self.fanout(noteCount)
  }

  mutating func spill(_ store: ObjectStore) throws {
    changes += 1
    guard changes % changeLimit == 0 else { return }
    _ = try root.write(store)
  }

  private static func fanout(_ count: Int) -> Int {
    var fanout = 0
    var rest = count >> 8
    while rest > 0 {
      fanout += 1
      rest >>= 8
    }
    return fanout
  }

  private static func path(_ commit: ObjectID, fanout: Int) -> [[UInt8]] {
    let hex = commit.hex
    let parts = (0..<fanout).map { Array(hex[$0 * 2..<$0 * 2 + 2]) }
    return parts + [Array(hex[(fanout * 2)...])]
  }

  /// Finds out how many notes there are, if that is not known.
  mutating func countNotes(_ store: ObjectStore) throws {
    guard noteCount == 0, fanout == 0 else { return }
    var count = 0
    try forEachNote(store) { _, _, _ in count += 1 }
    noteCount = count
    fanout = Self.fanout(count)
  }

  /// Puts a note on a commit, the blob of that number, or takes it away.
  mutating func setNote(
    _ commit: ObjectID, to note: UInt32?, _ store: ObjectStore
  ) throws {
    let old = Self.path(commit, fanout: fanout)
    if try root.item(old[...], store) != nil {
      try root.remove(old[...], store)
      noteCount -= 1
    }
    guard let note else { return }
    noteCount += 1
    let new = Self.path(commit, fanout: Self.fanout(noteCount))
    try root.set(new[...], to: .object(.regular, note), store)
  }

  /// Moves all notes to where they belong, if their number says that this is elsewhere.
  mutating func fitFanout(_ store: ObjectStore) throws {
    let new = Self.fanout(noteCount)
    guard new != fanout else { return }
    var moves: [(from: [[UInt8]], to: [[UInt8]], item: TreeItem)] = []
    var count = 0
    try forEachNote(store) { path, commit, item in
      count += 1
      let place = Self.path(commit, fanout: new)
      if path != place { moves.append((path, place, item)) }
    }
    for move in moves {
      try root.remove(move.from[...], store)
      try root.set(move.to[...], to: try Directory.change(to: move.item, store), store)
    }
    noteCount = count
    fanout = new
  }

  /// Calls `body` with each file whose path, without slashes, is an id.
  private func forEachNote(
    _ store: ObjectStore, _ body: ([[UInt8]], ObjectID, TreeItem) throws -> Void
  ) throws {
    try Self.visit(try root.write(store), [], store, body)
  }

  private static func visit(
    _ tree: StoredObject, _ path: [[UInt8]], _ store: ObjectStore,
    _ body: ([[UInt8]], ObjectID, TreeItem) throws -> Void
  ) throws {
    let before = path.reduce(0) { $0 + $1.count }
    // Collected first: what is below is read by the same reader.
    var folders: [(path: [[UInt8]], tree: StoredObject)] = []
    try store.session.forEachEntry(of: tree.tree) { entry in
      let entry = entry.entry
      let length = before + entry.name.count
      guard length <= ObjectID.byteCount * 2, entry.name.count % 2 == 0 else { return true }
      let item = try TreeItem(entry)
      let place = path + [entry.name]
      if length == ObjectID.byteCount * 2, let id = ObjectID(hex: place.joined()) {
        try body(place, id, item)
      } else if item.mode == .directory, let tree = item.object {
        folders.append((place, tree))
      }
      return true
    }
    for folder in folders { try visit(folder.tree, folder.path, store, body) }
  }
}
