import CairnCore

/// Walks a content tree; on one of the library's own threads.
package struct ContentReader {
  package let chunks: ChunkReader

  /// A run of a stream: a chunk of data, or a hole.
  package struct Leaf: Sendable {
    /// `nil` for a hole.
    package let chunk: ChunkID?
    /// Where it lies in the stream.
    package let range: Range<UInt64>

    package init(chunk: ChunkID?, range: Range<UInt64>) {
      self.chunk = chunk
      self.range = range
    }
  }

  package init(_ chunks: ChunkReader) {
    self.chunks = chunks
  }

  /// Calls `body` with the leaves that overlap a range, in order, reading nodes only.
  package func forEachLeaf(
    of content: Content, in range: Range<UInt64>,
    _ body: (Leaf) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    guard (0...Content.maximumHeight).contains(content.height) else {
      throw ChunkStoreError(.damaged, "a stream claims to be \(content.height) levels high")
    }
    try visit(
      content.root, level: content.height, at: 0, count: content.byteCount, range, body)
  }

  /// Calls `body` with the leaves that are not holes, in order, and with the ranges that stand below
  /// nodes that cannot be read, without a chunk.
  package func forEachReadableLeaf(
    of content: Content,
    _ body: (Range<UInt64>, ChunkID?) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    guard (0...Content.maximumHeight).contains(content.height) else {
      return try body(0..<content.byteCount, nil)
    }
    try visitReadable(content.root, level: content.height, 0..<content.byteCount, body)
  }

  private func visitReadable(
    _ id: ChunkID, level: Int, _ range: Range<UInt64>,
    _ body: (Range<UInt64>, ChunkID?) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    guard level > 0 else {
      if !range.isEmpty { try body(range, id) }
      return
    }
    let node: ContentNode
    do throws(ChunkStoreError) {
      node = try chunks.withChunk(id) { (record) throws(ChunkStoreError) in
        try ContentNode(record, level: level, byteCount: range.upperBound - range.lowerBound)
      }
    } catch {
      guard error.isAboutBlob else { throw error }
      return try body(range, nil)
    }
    var position = range.lowerBound
    for child in node.children {
      let end = position + child.byteCount
      if let id = child.id { try visitReadable(id, level: level - 1, position..<end, body) }
      position = end
    }
  }

  private func visit(
    _ id: ChunkID, level: Int, at start: UInt64, count: UInt64, _ range: Range<UInt64>,
    _ body: (Leaf) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    guard level > 0 else {
      if count > 0 { try body(Leaf(chunk: id, range: start..<start + count)) }
      return
    }
    let node = try chunks.withChunk(id) { (record) throws(ChunkStoreError) in
      try ContentNode(record, level: level, byteCount: count)
    }
    var position = start
    for child in node.children {
      let end = position + child.byteCount
      if position >= range.upperBound { return }
      if end > range.lowerBound {
        if let id = child.id {
          try visit(id, level: level - 1, at: position, count: child.byteCount, range, body)
        } else {
          try body(Leaf(chunk: nil, range: position..<end))
        }
      }
      position = end
    }
  }

  /// Lends the bytes of a leaf that is not a hole.
  package func withBytes<Result>(
    of leaf: Leaf, _ body: (UnsafeRawBufferPointer) throws(ChunkStoreError) -> Result
  ) throws(ChunkStoreError) -> Result {
    guard let id = leaf.chunk else { preconditionFailure("a hole has no bytes") }
    return try chunks.withChunk(id) { (record) throws(ChunkStoreError) in
      let count = leaf.range.upperBound - leaf.range.lowerBound
      guard UInt64(record.data.byteCount) == count, record.linkCount == 0 else {
        throw ChunkStoreError(
          .damaged, "the chunk \(id) is not the \(count) bytes of data that a stream has there")
      }
      return try record.data.withUnsafeBytes { (bytes) throws(ChunkStoreError) in
        try body(bytes)
      }
    }
  }

  private static let maximumArray: UInt64 = 1 << 31
  private static let reservedArray: UInt64 = 1 << 20

  /// The bytes of a range; zeros where it has holes.
  func bytes(of content: Content, in range: Range<UInt64>) throws(ChunkStoreError) -> [UInt8] {
    let range = range.clamped(to: 0..<content.byteCount)
    let count = range.upperBound - range.lowerBound
    guard count <= Self.maximumArray else {
      throw ChunkStoreError(
        .invalid, "\(count) bytes are too many for one array; read them to a writer")
    }
    var result: [UInt8] = []
    // What a stream claims to hold is believed when it is there.
    result.reserveCapacity(Int(min(count, Self.reservedArray)))
    try forEachLeaf(of: content, in: range) { (leaf) throws(ChunkStoreError) in
      let part = leaf.range.clamped(to: range)
      guard leaf.chunk != nil else {
        result.append(contentsOf: repeatElement(0, count: part.count))
        return
      }
      try withBytes(of: leaf) { (bytes) throws(ChunkStoreError) in
        let start = Int(part.lowerBound - leaf.range.lowerBound)
        result.append(contentsOf: bytes[start..<start + part.count])
      }
    }
    return result
  }
}
