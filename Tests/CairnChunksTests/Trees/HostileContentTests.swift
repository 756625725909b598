import CairnCore
import Testing

@testable import CairnChunks

/// Nodes whose chunks are sound and whose content is not: written by somebody with the keys, or by
/// a program with a bug.
@Suite struct HostileContentTests {
  /// The data of a node, as the format has it.
  private func node(level: UInt8 = 1, count: UInt64? = nil, _ children: [UInt64]) -> [UInt8] {
    var writer = BinaryWriter()
    writer.append(UInt8(ascii: "C"))
    writer.append(level)
    writer.append(varint: count ?? UInt64(children.count))
    for child in children { writer.append(varint: child) }
    return writer.bytes
  }

  /// Reads a stream of which `top` is the root, and gives the error, which there must be.
  private func readError(
    _ top: Chunk, byteCount: UInt64, height: Int = 1,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> ChunkStoreError {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let leaf = try await session.store(Chunk(data: [1, 2, 3]))
    var top = top
    // The tests name a leaf by an id that says so.
    top.links = top.links.map { $0 == Self.leaf ? leaf : $0 }
    let root = try await session.store(top)
    try await session.flush()
    let content = Content(root: root, byteCount: byteCount, height: height)
    let error = try await storeError(
      { _ = try await repository.read(content, in: 0..<10) }, sourceLocation: sourceLocation)
    _ = try await storeError(
      {
        try await repository.read(content, in: 0..<10, to: CollectingWriter())
      }, sourceLocation: sourceLocation)
    return error
  }

  private static let leaf = ChunkID(String(repeating: "1e", count: 32))!

  @Test func theControlIsSound() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let leaf = try await session.store(Chunk(data: [1, 2, 3]))
    let root = try await session.store(
      Chunk(links: [leaf, leaf], data: node([6, 9, 6])))
    try await session.flush()
    let content = Content(root: root, byteCount: 10, height: 1)
    #expect(try await repository.readAll(content) == [1, 2, 3, 0, 0, 0, 0, 1, 2, 3])
  }

  @Test(
    arguments: [
      // Another tag; another level; a length more and less; no end.
      [UInt8(ascii: "D"), 1, 1, 6], [UInt8(ascii: "C"), 2, 1, 6], [UInt8(ascii: "C"), 1, 1, 8],
      [UInt8(ascii: "C"), 1, 1, 4], [UInt8(ascii: "C"), 1, 1, 6, 0], [UInt8(ascii: "C"), 1, 1],
      [UInt8(ascii: "C"), 1], [UInt8(ascii: "C")], [],
      // More children than there are bytes, and a length of 65 bits.
      [UInt8(ascii: "C"), 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 6],
      [UInt8(ascii: "C"), 1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 3],
    ] as [[UInt8]])
  func anUnsoundNodeIsAnError(data: [UInt8]) async throws {
    let error = try await readError(Chunk(links: [Self.leaf], data: data), byteCount: 3)
    #expect(error.code == .damaged, "\(error)")
  }

  @Test func linksThatDoNotFitAreAnError() async throws {
    for (links, children) in [(0, [6]), (2, [6]), (1, [6, 6]), (1, [7])] as [(Int, [UInt64])] {
      let top = Chunk(
        links: [ChunkID](repeating: Self.leaf, count: links), data: node(children))
      let sum = children.reduce(0) { $0 + $1 >> 1 }
      #expect(try await readError(top, byteCount: sum).code == .damaged, "\(links) \(children)")
    }
  }

  @Test func lengthsThatOverflowAreAnError() async throws {
    let half = UInt64.max / 2
    let top = Chunk(
      links: [Self.leaf, Self.leaf, Self.leaf],
      data: node([half << 1, half << 1, 2 << 1]))
    // They would add up to nothing.
    #expect(try await readError(top, byteCount: 0 &+ half &+ half &+ 2).code == .damaged)
  }

  @Test func moreChildrenThanANodeMayHaveAreAnError() async throws {
    let children = [UInt64](repeating: 1 << 1 | 1, count: ContentNode.maximumChildren + 1)
    let error = try await readError(
      Chunk(data: node(children)), byteCount: UInt64(children.count))
    #expect(error.code == .damaged)
  }

  @Test(arguments: [0, 2, 4, 1 << 40, .max] as [UInt64])
  func aLengthThatTheDataDoesNotHaveIsAnError(byteCount: UInt64) async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let leaf = try await session.store(Chunk(data: [1, 2, 3]))
    try await session.flush()
    let content = Content(root: leaf, byteCount: byteCount, height: 0)
    guard byteCount > 0 else {
      // A stream of no bytes is not read.
      #expect(try await repository.readAll(content).isEmpty)
      return
    }
    let error = try await storeError { _ = try await repository.read(content, in: 0..<1) }
    #expect(error.code == .damaged)
  }

  @Test(arguments: [-1, 2, 16, 17, 255, .max, .min])
  func aHeightThatTheTreeDoesNotHaveIsAnError(height: Int) async throws {
    let top = Chunk(links: [Self.leaf], data: node([6]))
    #expect(try await readError(top, byteCount: 3, height: height).code == .damaged)
  }

  @Test func dataWithLinksIsNoData() async throws {
    let top = Chunk(links: [Self.leaf], data: [1, 2, 3])
    #expect(try await readError(top, byteCount: 3, height: 0).code == .damaged)
  }

  @Test func aRangeThatNoArrayHoldsIsRefused() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let root = try await session.store(Chunk(data: node([UInt64.max])))
    try await session.flush()
    let content = Content(root: root, byteCount: UInt64.max >> 1, height: 1)
    let error = try await storeError { _ = try await repository.readAll(content) }
    #expect(error.code == .invalid)
    #expect(try await repository.read(content, in: 1 << 60..<1 << 60 + 2) == [0, 0])
  }
}
