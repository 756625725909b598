import CairnCore
import Testing

@testable import CairnChunks

/// Nodes whose chunks are sound and whose content is not: written by somebody with the keys, or by
/// a program with a bug.
@Suite struct HostileEntryTreeTests {
  /// The data of a node that is wrong in one way.
  struct BadNode: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let data: [UInt8]

    init(_ what: String, _ data: [UInt8]) {
      testDescription = what
      self.data = data
    }
  }

  /// A session to put nodes in, and what reads them.
  private func withSession<Result>(
    _ body: (WriteSession) async throws -> Result
  ) async throws -> Result {
    try await body(Repository.createSmall().startSession(.test))
  }

  /// Reads all of a tree in each of the ways there are; the first way's error.
  private func readError(
    _ session: WriteSession, _ tree: EntryTree
  ) async throws -> ChunkStoreError? {
    try await session.flush()
    let repository = session.repository
    var walkError: ChunkStoreError?
    do throws(ChunkStoreError) {
      _ = try await repository.entries(of: tree)
    } catch {
      walkError = error
    }
    // These may give an error, or what is there; never a trap.
    for rank in [0, 1, 2, 5, UInt64.max] {
      _ = try? await repository.withCursor(tree) { (cursor) throws(ChunkStoreError) in
        try cursor.seek(toRank: rank)
        _ = cursor.entry
      }
      _ = try? await repository.withCursor(tree) { (cursor) throws(ChunkStoreError) in
        try cursor.seek(toWeight: rank)
        while cursor.isValid { try cursor.next() }
      }
    }
    for key in ["", "a", "b", "zz"] {
      _ = try? await repository.withCursor(tree) { (cursor) throws(ChunkStoreError) in
        try cursor.seek(toKey: Array(key.utf8))
        while cursor.isValid { try cursor.next() }
      }
    }
    return walkError
  }

  // MARK: Leaves

  @Test func theControlIsSound() async throws {
    try await withSession { session in
      let linked = try await session.store(Chunk(data: [1]))
      let records = [LeafRecord(rest: "abc"), LeafRecord(shared: 2, rest: "d", links: 1)]
      let left = try await session.store(Chunk(links: [linked], data: leaf(records)))
      let right = try await session.store(Chunk(data: leaf([LeafRecord(rest: "b", weight: 7)])))
      let top = try await session.store(
        Chunk(
          links: [left, right],
          data: node([
            Child(rest: "abc", count: 2, weight: 2), Child(rest: "b", count: 1, weight: 7),
          ])))
      let tree = EntryTree(root: top, height: 1, count: 3, weight: 9)
      #expect(try await readError(session, tree) == nil)
      let keys = try await session.repository.entries(of: tree).map(\.key)
      #expect(keys == ["abc", "abd", "b"].map { Array($0.utf8) })
    }
  }

  static let badLeaves: [BadNode] = [
    BadNode("another tag", leaf(tag: 67, [LeafRecord(rest: "a"), LeafRecord(rest: "b")])),
    BadNode("another level", leaf(level: 1, [LeafRecord(rest: "a"), LeafRecord(rest: "b")])),
    BadNode("fewer records", leaf([LeafRecord(rest: "a", weight: 2)])),
    BadNode("more records", leaf(["a", "b", "c"].map { LeafRecord(rest: $0) })),
    BadNode("records that end", leaf(count: 2, [LeafRecord(rest: "a")])),
    BadNode("records without end", leaf(count: .max, [LeafRecord(rest: "a")])),
    BadNode("bytes behind", leaf([LeafRecord(rest: "a"), LeafRecord(rest: "b")], tail: [0])),
    BadNode("no bytes", []),
    BadNode(
      "a first key that shares", leaf([LeafRecord(shared: 1, rest: "a"), LeafRecord(rest: "b")])),
    BadNode(
      "more shared than there is", leaf([LeafRecord(rest: "a"), LeafRecord(shared: 2, rest: "b")])),
    BadNode(
      "a key beyond the node", leaf([LeafRecord(rest: "a"), LeafRecord(rest: "b", restCount: 100)])),
    BadNode(
      "a key of 64 bits", leaf([LeafRecord(rest: "a"), LeafRecord(rest: "b", restCount: .max)])),
    BadNode(
      "a value beyond the node",
      leaf([LeafRecord(rest: "a"), LeafRecord(rest: "b", valueCount: 9)])),
    BadNode(
      "a value of 64 bits", leaf([LeafRecord(rest: "a", valueCount: .max), LeafRecord(rest: "b")])),
    BadNode(
      "more links than there are", leaf([LeafRecord(rest: "a", links: 1), LeafRecord(rest: "b")])),
    BadNode("links of 64 bits", leaf([LeafRecord(rest: "a", links: .max), LeafRecord(rest: "b")])),
    BadNode("keys in no order", leaf([LeafRecord(rest: "b"), LeafRecord(rest: "a")])),
    BadNode("a key twice", leaf([LeafRecord(rest: "a"), LeafRecord(shared: 1, rest: "")])),
    BadNode(
      "a key before its prefix", leaf([LeafRecord(rest: "ab"), LeafRecord(shared: 1, rest: "")])),
    BadNode("less weight", leaf([LeafRecord(rest: "a", weight: 0), LeafRecord(rest: "b")])),
    BadNode("more weight", leaf([LeafRecord(rest: "a"), LeafRecord(rest: "b", weight: 2)])),
    BadNode(
      "weights that overflow",
      leaf([LeafRecord(rest: "a", weight: .max), LeafRecord(rest: "b", weight: 3)])),
    BadNode(
      "a key that is too long",
      leaf([
        LeafRecord(rest: "a"),
        LeafRecord(rest: String(repeating: "b", count: EntryTree.maximumKeyLength + 1)),
      ])),
  ]

  @Test(arguments: badLeaves)
  func anUnsoundLeafIsAnError(bad: BadNode) async throws {
    try await withSession { session in
      let root = try await session.store(Chunk(data: bad.data))
      let tree = EntryTree(root: root, height: 0, count: 2, weight: 2)
      #expect(try await readError(session, tree)?.code == .damaged)
    }
  }

  @Test func linksThatNoEntryHasAreAnError() async throws {
    try await withSession { session in
      let linked = try await session.store(Chunk(data: [1]))
      let root = try await session.store(
        Chunk(links: [linked], data: leaf([LeafRecord(rest: "a")])))
      let tree = EntryTree(root: root, height: 0, count: 1, weight: 1)
      #expect(try await readError(session, tree)?.code == .damaged)
    }
  }

  // MARK: Nodes

  static let badNodes: [BadNode] = [
    BadNode("another level", node(level: 2, twoChildren)),
    BadNode("a leaf's level", node(level: 0, twoChildren)),
    BadNode("fewer children than links", node([Child(rest: "a", count: 4, weight: 4)])),
    BadNode("children that end", node(count: 3, twoChildren)),
    BadNode("bytes behind", node(twoChildren, tail: [1])),
    BadNode("counts that are too small", node(with(counts: 1, 2))),
    BadNode("counts that are too large", node(with(counts: 2, 3))),
    BadNode("counts that overflow", node(with(counts: .max, 5))),
    BadNode("a child of no entries", node(with(counts: 4, 0))),
    BadNode("counts of other children", node(with(counts: 1, 3))),
    BadNode("weights that are too small", node(with(weights: 1, 2))),
    BadNode("weights that overflow", node(with(weights: .max, 5))),
    BadNode("weights of other children", node(with(weights: 1, 3))),
    BadNode("another first key", node(with(keys: "A", "c"))),
    BadNode("another second key", node(with(keys: "a", "bb"))),
    BadNode("keys in no order", node(with(keys: "c", "a"))),
    BadNode("a key twice", node(with(keys: "a", "a"))),
  ]

  static var twoChildren: [Child] {
    [Child(rest: "a", count: 2, weight: 2), Child(rest: "c", count: 2, weight: 2)]
  }

  static func with(counts left: UInt64, _ right: UInt64) -> [Child] {
    var children = twoChildren
    (children[0].count, children[1].count) = (left, right)
    return children
  }

  static func with(weights left: UInt64, _ right: UInt64) -> [Child] {
    var children = twoChildren
    (children[0].weight, children[1].weight) = (left, right)
    return children
  }

  static func with(keys left: String, _ right: String) -> [Child] {
    var children = twoChildren
    (children[0].rest, children[1].rest) = (left, right)
    return children
  }

  @Test(arguments: badNodes)
  func anUnsoundNodeIsAnError(bad: BadNode) async throws {
    try await withSession { session in
      let left = try await session.store(
        Chunk(data: leaf([LeafRecord(rest: "a"), LeafRecord(rest: "b")])))
      let right = try await session.store(
        Chunk(data: leaf([LeafRecord(rest: "c"), LeafRecord(rest: "d")])))
      let root = try await session.store(Chunk(links: [left, right], data: bad.data))
      let tree = EntryTree(root: root, height: 1, count: 4, weight: 4)
      #expect(try await readError(session, tree)?.code == .damaged)
    }
  }

  @Test func leavesThatOverlapAreAnError() async throws {
    try await withSession { session in
      let left = try await session.store(
        Chunk(data: leaf([LeafRecord(rest: "a"), LeafRecord(rest: "d")])))
      let right = try await session.store(
        Chunk(data: leaf([LeafRecord(rest: "c"), LeafRecord(rest: "e")])))
      let root = try await session.store(Chunk(links: [left, right], data: node(Self.twoChildren)))
      let tree = EntryTree(root: root, height: 1, count: 4, weight: 4)
      #expect(try await readError(session, tree)?.code == .damaged)
    }
  }

  @Test func aNodeOfTooManyKeyBytesIsAnError() async throws {
    // Each key shares almost all of a long one: few bytes that would be many.
    let longest = String(repeating: "k", count: EntryTree.maximumKeyLength - 2)
    var children = [Child(rest: longest, count: 1, weight: 0)]
    for number in 1..<100 {
      children.append(
        Child(
          shared: longest.utf8.count, rest: String(UnicodeScalar(UInt8(number))), count: 1,
          weight: 0))
    }
    let data = node(children)
    try await withSession { session in
      let child = try await session.store(Chunk(data: [0]))
      let root = try await session.store(
        Chunk(links: [ChunkID](repeating: child, count: children.count), data: data))
      let tree = EntryTree(root: root, height: 1, count: UInt64(children.count), weight: 0)
      let error = try #require(try await readError(session, tree))
      #expect("\(error)".contains("too long"), "\(error)")
    }
  }

  @Test(arguments: [-1, 1, 2, 32, 33, 255, 256, .max, .min])
  func aHeightThatTheTreeDoesNotHaveIsAnError(height: Int) async throws {
    try await withSession { session in
      let root = try await session.store(Chunk(data: leaf([LeafRecord(rest: "a")])))
      let tree = EntryTree(root: root, height: height, count: 1, weight: 1)
      #expect(try await readError(session, tree)?.code == .damaged)
    }
  }

  @Test(arguments: [(2, 1), (.max, 1), (1, 0), (1, 2), (1, .max)] as [(UInt64, UInt64)])
  func aSizeThatTheTreeDoesNotHaveIsAnError(count: UInt64, weight: UInt64) async throws {
    try await withSession { session in
      let root = try await session.store(Chunk(data: leaf([LeafRecord(rest: "a")])))
      let tree = EntryTree(root: root, height: 0, count: count, weight: weight)
      #expect(try await readError(session, tree)?.code == .damaged)
    }
  }
}
