package import CairnCore
import CairnCrypto

/// Stores one long stream with all of the session's workers: this thread reads and cuts, they name,
/// pack and seal.
///
/// Memory: ``depth`` buffers of 1 MiB and the largest chunk.
package struct ContentWriter: ~Copyable {
  private let session: SessionCore
  private let chunker: any Chunker
  private var builder = ContentBuilder()
  private var jobs: OrderedJobs<Result<[ContentNode.Child], ChunkStoreError>>
  private var buffer: ByteBuffer
  /// Where in the stream the buffer begins.
  private var offset: UInt64 = 0
  private let spare: Monitor<[ByteBuffer]>

  private static let batchSize = 1 << 20

  package init(_ session: SessionCore, chunker: any Chunker) {
    self.session = session
    self.chunker = chunker
    let depth = session.workers.limit * 2
    jobs = OrderedJobs(on: session.workers, depth: depth)
    let capacity = Self.batchSize + chunker.maximumSize
    buffer = ByteBuffer(capacity: capacity)
    spare = Monitor([])
  }

  /// Stores what `reader` gives until its end as the next bytes of the stream.
  package mutating func write(from reader: inout some ByteReader) throws(ChunkStoreError) {
    while true {
      let count: Int
      do {
        let free = buffer.free
        count = try session.times.measure(.read) { () throws(IOError) in
          var output = OutputRawSpan(buffer: free, initializedCount: 0)
          _ = try reader.read(into: &output)
          return output.finalize(for: free)
        }
      } catch {
        throw .host(error)
      }
      guard count > 0 else { return }
      buffer.count += count
      if buffer.free.count == 0 { try cut(isEnd: false) }
    }
  }

  /// Stores a range of zeros without bytes; the stream is cut here.
  package mutating func writeHole(_ count: UInt64) throws(ChunkStoreError) {
    try cut(isEnd: true)
    if jobs.isFull { try takeResult() }
    jobs.enqueue(.success([ContentNode.Child(id: nil, byteCount: count)]))
    offset += count
  }

  /// Waits for all workers and returns the reference.
  package consuming func finish() throws(ChunkStoreError) -> Content {
    try cut(isEnd: true)
    while jobs.count > 0 { try takeResult() }
    return try session.withLane { (lane) throws(ChunkStoreError) in try builder.finish(lane) }
  }

  /// Hands the whole chunks in the buffer to a worker and keeps the rest.
  private mutating func cut(isEnd: Bool) throws(ChunkStoreError) {
    var lengths: [Int] = []
    var position = 0
    session.times.measure(.cut) {
      while position < buffer.count, isEnd || buffer.count - position >= chunker.maximumSize {
        let rest = buffer.bytes.bytes.extracting(position..<buffer.count)
        let length = chunker.firstChunk(of: rest, at: offset)
        offset += UInt64(length)
        precondition((1...rest.byteCount).contains(length), "a chunker cuts within its input")
        lengths.append(length)
        position += length
      }
    }
    guard !lengths.isEmpty else { return }
    if jobs.isFull { try takeResult() }
    let full = buffer
    buffer = spare.withLock { $0.popLast() } ?? ByteBuffer(capacity: full.capacity)
    buffer.removeAll()
    buffer.append(UnsafeRawBufferPointer(rebasing: full.bytes[position...]))
    let (session, spare) = (session, spare)
    let chunkLengths = lengths
    jobs.submit {
      // The buffer is this job's alone from here on, until it is spare.
      defer { spare.withLock { $0.append(full) } }
      return Result { () throws(ChunkStoreError) in
        try session.withLane { (lane) throws(ChunkStoreError) in
          var children: [ContentNode.Child] = []
          var offset = 0
          for length in chunkLengths {
            let bytes = UnsafeRawBufferPointer(rebasing: full.bytes[offset..<offset + length])
            let id = try lane.store(data: bytes, in: .content)
            children.append(ContentNode.Child(id: id, byteCount: UInt64(length)))
            offset += length
          }
          return children
        }
      }
    }
  }

  private mutating func takeResult() throws(ChunkStoreError) {
    guard let children = try jobs.next()?.get() else { return }
    try session.withLane { (lane) throws(ChunkStoreError) in
      for child in children { try builder.append(child, lane) }
    }
  }
}

/// Stores a stream on this thread alone, through the input buffer of its lane.
///
/// For streams of a few MiB at most; longer ones deserve a ``ContentWriter``.
package struct LaneContentWriter: ~Copyable {
  private let lane: Lane
  private let chunker: any Chunker
  private var builder = ContentBuilder()
  private var offset: UInt64 = 0

  package init(_ lane: Lane, chunker: any Chunker) {
    self.lane = lane
    self.chunker = chunker
    lane.input.removeAll()
  }

  /// Stores what `reader` gives until its end as the next bytes of the stream.
  package mutating func write(from reader: inout some ByteReader) throws(ChunkStoreError) {
    while try !fill(from: &reader) { try cut(isEnd: false) }
  }

  /// Stores a range of zeros without bytes; the stream is cut here.
  package mutating func writeHole(_ count: UInt64) throws(ChunkStoreError) {
    try cut(isEnd: true)
    try builder.append(ContentNode.Child(id: nil, byteCount: count), lane)
    offset += count
  }

  package consuming func finish() throws(ChunkStoreError) -> Content {
    try cut(isEnd: true)
    return try builder.finish(lane)
  }

  private mutating func cut(isEnd: Bool) throws(ChunkStoreError) {
    let input = lane.input
    var position = 0
    while position < input.count, isEnd || input.count - position >= chunker.maximumSize {
      let rest = UnsafeRawBufferPointer(rebasing: input.bytes[position...])
      let length = chunker.firstChunk(of: rest.bytes, at: offset)
      offset += UInt64(length)
      let id = try lane.store(
        data: UnsafeRawBufferPointer(rebasing: rest[..<length]), in: .content)
      try builder.append(ContentNode.Child(id: id, byteCount: UInt64(length)), lane)
      position += length
    }
    input.removeFirst(position)
  }

  /// - Returns: whether the reader has ended.
  private func fill(from reader: inout some ByteReader) throws(ChunkStoreError) -> Bool {
    let input = lane.input
    do {
      while input.free.count > 0 {
        var output = OutputRawSpan(buffer: input.free, initializedCount: 0)
        guard try reader.read(into: &output) > 0 else { return true }
        input.count += output.finalize(for: input.free)
      }
      return false
    } catch {
      throw .host(error)
    }
  }
}
