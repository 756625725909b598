import CairnCrypto

@testable import CairnChunks

/// What chunks and all that they lead to are, whatever they are called: equal in a repository and in a
/// copy of it.
enum ChunkShapes {
  /// - Returns: the shape of each root's chunk, and how many chunks there are in all.
  static func all(
    of roots: [Root], in repository: Repository
  ) async throws -> (shapes: [String: Digest], chunkCount: Int) {
    let chunks = roots.map { ($0.name, $0.chunk) }
    return try await repository.withBlockingReader { reader in
      var known: [ChunkID: Digest] = [:]
      var shapes: [String: Digest] = [:]
      for (name, chunk) in chunks { shapes[name] = try shape(of: chunk, reader, &known) }
      return (shapes, known.count)
    }
  }

  private static func shape(
    of root: ChunkID, _ reader: BlockingReader, _ known: inout [ChunkID: Digest]
  ) throws -> Digest {
    var pending = [root]
    while let id = pending.last {
      let chunk = try reader.chunk(id)
      let missing = known[id] == nil ? chunk.links.filter { known[$0] == nil } : []
      guard missing.isEmpty else {
        pending += missing
        continue
      }
      pending.removeLast()
      var hash = SHA256()
      hash.update(chunk.data.span.bytes)
      for link in chunk.links { known[link]!.withBytes { hash.update($0) } }
      known[id] = hash.finalize()
    }
    return known[root]!
  }
}
