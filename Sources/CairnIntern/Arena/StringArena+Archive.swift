public import CairnCore
public import SystemPackage

extension StringArena {
  /// Writes all strings, in the order of their bytes, as a file to open with ``SortedStringArchive``.
  ///
  /// The file gets its name when it is whole and synchronized, in the place of one that had it
  /// before. While it is made all of it is in memory, and 16 bytes per string beside it.
  ///
  /// - Throws: ``InternError/Code/io``.
  public func archive(to path: FilePath) throws(InternError) {
    try core.records.archive(core.count, to: path)
  }

  /// Writes all strings, as ``archive(to:)-(FilePath)``, to a writer of the host's.
  public func archive(to writer: inout some ByteWriter) throws(InternError) {
    try core.records.archive(core.count, to: &writer)
  }
}

extension FrozenStringArena {
  /// Writes all strings in the order of their bytes; see ``StringArena/archive(to:)-(FilePath)``.
  public func archive(to path: FilePath) throws(InternError) {
    try core.records.archive(core.count, to: path)
  }

  /// Writes all strings, as ``archive(to:)-(FilePath)``, to a writer of the host's.
  public func archive(to writer: inout some ByteWriter) throws(InternError) {
    try core.records.archive(core.count, to: &writer)
  }
}

extension Records {
  func archive(_ count: Int, to path: FilePath) throws(InternError) {
    var file = try NewFile(at: path)
    try archive(count, to: &file.writer)
    try file.publish()
  }

  func archive(_ count: Int, to writer: inout some ByteWriter) throws(InternError) {
    var blocks = BinaryWriter()
    var index = BinaryWriter(reserving: count / SortedHeader.blockCount * SortedHeader.entrySize)
    var last = UnsafeRawBufferPointer(start: nil, count: 0)
    for (position, symbol) in sorted(count).enumerated() {
      guard let content = content(at: layout.offset(of: symbol)) else { continue }
      if position % SortedHeader.blockCount == 0 {
        index.append(UInt64(blocks.bytes.count))
        blocks.append(varint: content.count)
        blocks.append(content)
      } else {
        let shared = zip(last, content).prefix { $0 == $1 }.count
        blocks.append(varint: shared)
        blocks.append(varint: content.count - shared)
        blocks.append(UnsafeRawBufferPointer(rebasing: content[shared...]))
      }
      last = content
    }
    var header = SortedHeader(stringCount: count, blockBytes: blocks.bytes.count)
    header.blockChecksum = blocks.bytes.withRawBytes { XXH64.checksum(of: $0) }
    header.indexChecksum = index.bytes.withRawBytes { XXH64.checksum(of: $0) }
    let padding = [UInt8](repeating: 0, count: header.indexStart - header.blocksEnd)
    do throws(IOError) {
      for part in [header.encoded(), blocks.bytes, padding, index.bytes] {
        try writer.write(part.span.bytes)
      }
    } catch {
      throw .io(error)
    }
  }
}
