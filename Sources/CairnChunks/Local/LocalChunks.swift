package import CairnCore
package import SystemPackage

/// Chunks in a file on this machine: the nodes of a tree that somebody wrote and cannot read back,
/// because he may only write.
///
///     8 bytes  "CAIRNLOC"
///     4 bytes  version, 1
///     per chunk:
///       4 bytes  the length of its record
///                its record, as in a block of a pack
///
/// Each chunk is checked against its id when the file is opened and again when it is read, so a
/// file that is damaged, or that somebody changed, lacks chunks, and never gives others. Memory:
/// some 100 bytes for each chunk. Any thread may read at any time.
package final class LocalChunks: Sendable {
  static let magic = Array("CAIRNLOC".utf8)
  static let version: UInt32 = 1
  static let headerSize = 12

  private struct Place {
    let offset: Int64
    let length: Int
  }

  private let file: FileDescriptor
  private let places: [ChunkID: Place]
  private let repository: Repository

  /// Opens a file that a ``LocalChunksWriter`` wrote; blocks.
  ///
  /// - Returns: `nil` if there is none, or it cannot be read: what was in it is found otherwise.
  package init?(_ path: FilePath, of repository: Repository) {
    guard let file = try? FileDescriptor.open(path, .readOnly, options: [.noFollow]) else {
      return nil
    }
    self.file = file
    self.repository = repository
    var places: [ChunkID: Place] = [:]
    let isWhole = Self.readHeader(file)
    if isWhole { Self.scan(file, ChunkHasher(repository.access.idKey), into: &places) }
    self.places = places
    if !isWhole { return nil }
  }

  deinit { try? file.close() }

  private static func readHeader(_ file: FileDescriptor) -> Bool {
    let buffer = ByteBuffer(capacity: headerSize)
    guard (try? file.readFully(at: 0, into: buffer.free)) == headerSize else { return false }
    buffer.count = headerSize
    var expected = BinaryWriter()
    expected.append(magic)
    expected.append(version)
    return buffer.bytes.elementsEqual(expected.bytes)
  }

  /// Takes note of each chunk, up to what is no chunk.
  private static func scan(
    _ file: FileDescriptor, _ hasher: ChunkHasher, into places: inout [ChunkID: Place]
  ) {
    let buffer = ByteBuffer(capacity: 1 << 20)
    var offset = Int64(headerSize)
    while true {
      buffer.count = 0
      guard let count = try? file.readFully(at: offset, into: buffer.free), count > 4 else {
        return
      }
      buffer.count = count
      var position = 0
      while position + 4 <= count {
        let length = Int(
          UInt32(
            littleEndian: buffer.bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self)))
        guard length > 0, length <= buffer.capacity - 4 else { return }
        guard position + 4 + length <= count else { break }
        let record = UnsafeRawBufferPointer(
          rebasing: buffer.bytes[(position + 4)..<(position + 4 + length)])
        // One that is damaged has another id, which nobody asks for.
        if let id = try? hasher.id(of: ChunkRecord(record.bytes)) {
          places[id] = Place(offset: offset + Int64(position + 4), length: length)
        }
        position += 4 + length
      }
      guard position > 0 else { return }
      offset += Int64(position)
    }
  }

  /// The chunk as a ``ChunkRecord``, or `nil` if it is not here.
  func record(of id: ChunkID, _ hasher: ChunkHasher) -> [UInt8]? {
    guard let place = places[id] else { return nil }
    let record = [UInt8](unsafeUninitializedCapacity: place.length) { buffer, initialized in
      initialized =
        (try? file.readFully(at: place.offset, into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
    }
    guard let found = try? hasher.id(of: ChunkRecord(record.span.bytes)), found == id else {
      return nil
    }
    return record
  }

  /// The chunk, or `nil` if it is not here.
  package func chunk(_ id: ChunkID) -> Chunk? {
    guard let record = record(of: id, ChunkHasher(repository.access.idKey)),
      let parts = try? ChunkRecord(record.span.bytes)
    else { return nil }
    return Chunk(links: parts.links, data: Array(parts.data))
  }
}

/// Writes a file of ``LocalChunks``, which only the user who runs this can read.
///
/// A failure ends the copy, not what it is a copy of: it is kept, and thrown at the end. Used by one
/// thread at a time.
package final class LocalChunksWriter {
  private let replacement: ReplacementFile
  private let path: FilePath
  private var buffer = BinaryWriter()
  private var failure: IOError?

  private static let bufferSize = 256 << 10
  /// Longer ones, which are no nodes, are left out.
  private static let maximumLength = 1 << 19

  /// Begins a file that takes the name `path` when it is whole.
  package init(_ path: FilePath) throws(IOError) {
    self.path = path
    replacement = try ReplacementFile(for: path, permissions: .ownerReadWrite)
    buffer.append(LocalChunks.magic)
    buffer.append(LocalChunks.version)
  }

  /// Appends a chunk.
  package func append(links: UnsafeRawBufferPointer, data: UnsafeRawBufferPointer) {
    let linkCount = links.count / ChunkID.byteCount
    let length = ChunkRecord.size(linkCount: linkCount, dataCount: data.count)
    guard failure == nil, length <= Self.maximumLength else { return }
    buffer.append(UInt32(length))
    buffer.append(varint: linkCount)
    buffer.append(varint: data.count)
    buffer.append(links)
    buffer.append(data)
    if buffer.count >= Self.bufferSize { write() }
  }

  private func write() {
    do throws(Errno) {
      try buffer.bytes.withRawBytes { (bytes) throws(Errno) in
        try replacement.file.writeFully(bytes)
      }
    } catch {
      failure = .systemCall("write", path.displayText, error)
    }
    buffer.removeAll()
  }

  /// Makes the file durable and gives it its name.
  package func publish() throws(IOError) {
    if failure == nil { write() }
    if let failure { throw failure }
    try replacement.publish()
  }
}
