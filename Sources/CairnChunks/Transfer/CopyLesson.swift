import CairnCore

/// Learns what chunks are called in the destination from a root and its copy, by walking both: a copy
/// has its links in the same order. Reads chunks with links, of both, and no others.
///
/// A chunk is learned if the destination has it and all that it leads to; one that was lost there is
/// not, and is copied again. Used by one thread of the library's own.
struct CopyLesson {
  let source: Repository
  let destination: Repository
  let translation: ChunkTranslation
  /// Whether the destination has a chunk, and keeps it.
  let isStored: (ChunkID) throws(ChunkStoreError) -> Bool
  /// The chunks of which it has not all.
  private let incomplete: ChunkTranslation

  private struct Frame {
    let name: ChunkName
    let node: CopiedNode
    let copy: CopiedNode
    var next = 0
    var isWhole = true
  }

  init(
    from source: Repository, to destination: Repository, _ translation: ChunkTranslation,
    _ options: CopyOptions, isStored: @escaping (ChunkID) throws(ChunkStoreError) -> Bool
  ) {
    self.source = source
    self.destination = destination
    self.translation = translation
    self.isStored = isStored
    incomplete = ChunkTranslation(spoolDirectory: options.session.spoolDirectory)
  }

  func learn(_ pair: CopySelection.Pair) throws(ChunkStoreError) {
    var frames: [Frame] = []
    _ = try enter(ChunkName(id: pair.root.chunk, copy: pair.copy.chunk), &frames)
    while let top = frames.last {
      if top.next < top.node.linkCount {
        frames[frames.count - 1].next += 1
        let name = ChunkName(id: top.node.link(top.next), copy: top.copy.link(top.next))
        if try enter(name, &frames) == false { frames[frames.count - 1].isWhole = false }
        continue
      }
      frames.removeLast()
      if top.isWhole {
        try translation.insert([top.name])
      } else {
        try incomplete.insert([top.name])
        if !frames.isEmpty { frames[frames.count - 1].isWhole = false }
      }
    }
  }

  /// - Returns: whether the chunk is whole in the destination; `nil` if it has links, which come next.
  private func enter(
    _ name: ChunkName, _ frames: inout [Frame]
  ) throws(ChunkStoreError) -> Bool? {
    if try translation[name.id] != nil { return true }
    if try incomplete[name.id] != nil { return false }
    do throws(ChunkStoreError) {
      guard try isStored(name.copy),
        let place = try source.loadedIndex.place(of: name.id),
        let copyPlace = try destination.loadedIndex.place(of: name.copy),
        place.hasLinks == copyPlace.hasLinks
      else { return try missed(name) }
      guard place.hasLinks else {
        try translation.insert([name])
        return true
      }
      let (node, copy) = (try source.node(name.id), try destination.node(name.copy))
      guard node.data == copy.data, node.linkCount == copy.linkCount else {
        return try missed(name)
      }
      frames.append(Frame(name: name, node: node, copy: copy))
      return nil
    } catch {
      // What is damaged is not known to be there.
      guard error.isAboutBlob else { throw error }
      return try missed(name)
    }
  }

  private func missed(_ name: ChunkName) throws(ChunkStoreError) -> Bool {
    try incomplete.insert([name])
    return false
  }
}

extension Repository {
  /// A chunk, checked against its id. Blocks.
  func node(_ id: ChunkID) throws(ChunkStoreError) -> CopiedNode {
    try withReader { (reader) throws(ChunkStoreError) in
      try reader.withChunk(id) { (record) throws(ChunkStoreError) in CopiedNode(id, record) }
    }
  }
}
