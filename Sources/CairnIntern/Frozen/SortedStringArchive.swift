public import SystemPackage

/// Distinct byte strings in the order of their bytes, in a file that is as small as it can be while
/// each is still found at once: what is the same as in the string before is not repeated.
///
/// ``StringArena/archive(to:)-(FilePath)`` writes one. Strings are named by their positions, from 0
/// on; the symbols of the arena are not kept. What it gives are copies, since few of the strings are
/// in the file in one piece. A list of paths takes a quarter to a half of its length.
///
/// The archive may be used by several threads at once, and copies of it are one archive. The file
/// must stay as it is while it is mapped, as that of a ``FrozenStringArena``.
public struct SortedStringArchive: Sendable, RandomAccessCollection {
  private let file: MappedFile
  private let header: SortedHeader

  /// Maps the archive at a path.
  ///
  /// - Throws: as ``FrozenStringArena/init(opening:checking:)-(FilePath,_)``.
  public init(opening path: FilePath, checking check: FrozenCheck = .everything) throws(InternError)
  {
    try self.init(MappedFile(opening: path), check)
  }

  /// Maps the archive that a file consists of; the descriptor is borrowed, and may be closed
  /// afterwards.
  ///
  /// - Throws: as ``init(opening:checking:)-(FilePath,_)``.
  public init(
    opening file: FileDescriptor, checking check: FrozenCheck = .everything
  ) throws(InternError) {
    try self.init(MappedFile(file), check)
  }

  private init(_ file: MappedFile, _ check: FrozenCheck) throws(InternError) {
    self.file = file
    header = try SortedHeader(file.bytes)
    if check == .everything { try verify() }
  }

  public var startIndex: Int { 0 }
  /// The number of strings.
  public var endIndex: Int { header.stringCount }

  /// The size of the file.
  public var byteCount: Int { file.bytes.count }

  /// The bytes of the string at a position.
  ///
  /// - Precondition: the position is less than ``endIndex``; and the archive was checked when it was
  ///   opened, or is sound: see ``bytes(checking:)``.
  public subscript(position: Int) -> [UInt8] {
    do throws(InternError) {
      return try bytes(checking: position)
    } catch {
      preconditionFailure(error.message)
    }
  }

  /// The bytes of the string at a position, in an archive of which only the header was checked.
  ///
  /// - Precondition: the position is less than ``endIndex``.
  /// - Throws: ``InternError/Code/damaged`` if there is no string where one has to be.
  /// - Complexity: O(1): on average eight strings are read.
  public func bytes(checking position: Int) throws(InternError) -> [UInt8] {
    precondition(indices.contains(position), "the archive has no string \(position)")
    var cursor = SortedCursor(blocks, from: try start(position / SortedHeader.blockCount))
    for _ in 0...position % SortedHeader.blockCount { try cursor.next() }
    return cursor.current
  }

  /// The position of a string, or `nil` if the archive does not have it.
  ///
  /// - Throws: ``InternError/Code/damaged``, but not if the archive was checked when it was opened.
  /// - Complexity: O(log *n*).
  public func position(of bytes: RawSpan) throws(InternError) -> Int? {
    let found = try find(bytes)
    return found.isThere ? found.position : nil
  }

  /// The position of the first string that is not before `bytes`: ``endIndex`` if all are. With the
  /// strings from there on one lists those that start alike.
  ///
  /// - Throws: as ``position(of:)``.
  /// - Complexity: O(log *n*).
  public func firstPosition(notBefore bytes: RawSpan) throws(InternError) -> Int {
    try find(bytes).position
  }

  /// Calls `body` with the position and the bytes of each string in a range, in order. Faster than to
  /// read them one by one.
  ///
  /// - Throws: what `body` throws. If only the header was checked, and the archive is damaged, the
  ///   strings end early: count them.
  public func forEach<Failure: Error>(
    in range: Range<Int>, _ body: (Int, RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(range.lowerBound >= 0 && range.upperBound <= endIndex)
    let first = range.lowerBound / SortedHeader.blockCount
    guard !range.isEmpty, let start = try? start(first) else { return }
    var cursor = SortedCursor(blocks, from: start)
    for position in first * SortedHeader.blockCount..<range.upperBound {
      guard (try? cursor.next()) != nil else { return }
      if position >= range.lowerBound { try body(position, cursor.current.span.bytes) }
    }
  }

  // MARK: Blocks

  private var blocks: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[SortedHeader.size..<header.blocksEnd])
  }

  /// Where a block starts.
  private func start(_ block: Int) throws(InternError) -> Int {
    let offset = UInt64(
      littleEndian: file.bytes.loadUnaligned(
        fromByteOffset: header.indexStart + block * SortedHeader.entrySize, as: UInt64.self))
    guard offset < UInt64(header.blockBytes) else {
      throw .damaged("its index leads out of it", SortedCursor.file)
    }
    return Int(offset)
  }

  private func find(_ bytes: RawSpan) throws(InternError) -> (position: Int, isThere: Bool) {
    let (start, count) = bytes.lentBytes
    let wanted = UnsafeRawBufferPointer(start: start, count: count)
    // The last block that does not start behind what is wanted.
    var low = 0
    var high = header.blocks
    while low < high {
      let middle = (low + high) / 2
      let first = try SortedCursor.first(blocks, at: self.start(middle))
      if wanted.lexicographicallyPrecedes(first) { high = middle } else { low = middle + 1 }
    }
    guard low > 0 else { return (0, false) }
    var position = (low - 1) * SortedHeader.blockCount
    var cursor = SortedCursor(blocks, from: try self.start(low - 1))
    let end = Swift.min(position + SortedHeader.blockCount, endIndex)
    while position < end {
      try cursor.next()
      if cursor.current.elementsEqual(wanted) { return (position, true) }
      if wanted.lexicographicallyPrecedes(cursor.current) { return (position, false) }
      position += 1
    }
    return (position, false)
  }

  /// Both checksums, each string behind the one before it, and the index.
  private func verify() throws(InternError) {
    let blocks = blocks
    guard XXH64.checksum(of: blocks) == header.blockChecksum else {
      throw .damaged("its strings do not have their checksum", SortedCursor.file)
    }
    guard file.bytes[header.blocksEnd..<header.indexStart].allSatisfy({ $0 == 0 }) else {
      throw .damaged("there is something between its strings and its index", SortedCursor.file)
    }
    let index = UnsafeRawBufferPointer(rebasing: file.bytes[header.indexStart...])
    guard XXH64.checksum(of: index) == header.indexChecksum else {
      throw .damaged("its index does not have its checksum", SortedCursor.file)
    }
    var cursor = SortedCursor(blocks, from: 0)
    var last: [UInt8] = []
    for position in 0..<endIndex {
      let isFirst = position % SortedHeader.blockCount == 0
      if isFirst, try start(position / SortedHeader.blockCount) != cursor.offset {
        throw .damaged("its index does not lead to its strings", SortedCursor.file)
      }
      try cursor.next()
      guard position == 0 || last.lexicographicallyPrecedes(cursor.current) else {
        throw .damaged("string \(position) is not behind the one before it", SortedCursor.file)
      }
      last = cursor.current
    }
    guard cursor.offset == blocks.count else {
      throw .damaged("something follows its strings", SortedCursor.file)
    }
  }
}
