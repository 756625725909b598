import CairnCore
import Testing

@testable import CairnChunks

@Suite struct NodeFormatTests {
  // MARK: Nodes of streams

  private let content = ContentNode(
    level: 2,
    children: [
      ContentNode.Child(id: FixedSecrets.id(1), byteCount: 5),
      ContentNode.Child(id: nil, byteCount: 1 << 40),
      ContentNode.Child(id: FixedSecrets.id(2), byteCount: 300),
    ])

  private func decode(_ links: [UInt8], _ data: [UInt8]) throws -> ContentNode {
    var writer = BinaryWriter()
    writer.append(varint: links.count / ChunkID.byteCount)
    writer.append(varint: data.count)
    writer.append(links)
    writer.append(data)
    let record = writer.bytes
    return try ContentNode(
      ChunkRecord(record.span.bytes), level: 2, byteCount: 1 << 40 + 305)
  }

  @Test func contentNodesAreWhatTheyWere() throws {
    let (links, data) = content.encoded()
    #expect(links == [UInt8](repeating: 1, count: 32) + [UInt8](repeating: 2, count: 32))
    try Golden.check("content-node.bin", data)
    let found = try decode(links, Golden.read("content-node.bin"))
    #expect(found.children.map(\.id) == content.children.map(\.id))
    #expect(found.children.map(\.byteCount) == content.children.map(\.byteCount))
  }

  @Test func everyTruncationOfAContentNodeIsAnError() throws {
    let (links, data) = content.encoded()
    for damaged in Damage.truncations(of: data) + [data + [0]] {
      #expect(throws: ChunkStoreError.self) { try decode(links, damaged) }
    }
    for count in 0..<2 {
      #expect(throws: ChunkStoreError.self) {
        try decode(Array(links.prefix(count * ChunkID.byteCount)), data)
      }
    }
  }

  @Test func everyFlipInAContentNodeIsAnErrorOrAnotherNode() throws {
    let (links, data) = content.encoded()
    for (bit, damaged) in Damage.flips(of: data).enumerated() {
      guard let found = try? decode(links, damaged) else { continue }
      #expect(found.encoded().data != data, "bit \(bit)")
    }
  }

  // MARK: Nodes of sorted trees

  private let entries = (0..<100).map { number in
    Entry(
      "key \(100 + number)", String(repeating: "v", count: number % 5),
      weight: UInt64(number * 70))
  }

  /// A tree of two levels, as its chunks.
  private func tree(
    _ session: WriteSession
  ) async throws -> (tree: EntryTree, top: Chunk, leaf: Chunk) {
    let linked = try await session.store(Chunk(data: [1]))
    var entries = entries
    for number in stride(from: 0, to: entries.count, by: 3) { entries[number].links = [linked] }
    let tree = try await session.store(sortedEntries: entries)
    try await session.flush()
    #expect(tree.height == 1)
    let top = try await session.repository.chunk(tree.root)
    return (tree, top, try await session.repository.chunk(top.links[0]))
  }

  @Test func entryNodesAreWhatTheyWere() async throws {
    let session = try await Repository.createSmall().startSession(.test)
    let (_, top, leaf) = try await tree(session)
    try Golden.check("entry-node.bin", top.data)
    try Golden.check("entry-leaf.bin", leaf.data)
  }

  @Test(arguments: [true, false])
  func everyFlipAndTruncationOfAnEntryNodeIsAnErrorOrAnotherTree(isTop: Bool) async throws {
    let session = try await Repository.createSmall().startSession(.test)
    let (tree, top, leaf) = try await tree(session)
    let data = isTop ? top.data : leaf.data
    var roots: [ChunkID] = []
    for damaged in Damage.truncations(of: data) + Damage.flips(of: data) {
      var changed = top
      if isTop {
        changed.data = damaged
      } else {
        changed.links[0] = try await session.store(Chunk(links: leaf.links, data: damaged))
      }
      roots.append(try await session.store(changed))
    }
    try await session.flush()
    let original = try await session.repository.entries(of: tree)
    #expect(original.count == entries.count)
    for (number, root) in roots.enumerated() {
      let damaged = EntryTree(
        root: root, height: tree.height, count: tree.count, weight: tree.weight)
      guard let found = try? await session.repository.entries(of: damaged) else { continue }
      #expect(found != original, "damage \(number)")
    }
  }
}
