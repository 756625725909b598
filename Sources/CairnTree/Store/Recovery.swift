import CairnCore

/// Finds the checkpoints that a storage holds.
enum Recovery {
  /// The newest checkpoint, and the one before it if it is whole.
  ///
  /// - Parameter pageSize: for a storage that is empty, the size of its pages; `nil` if it must not
  ///   be.
  static func checkpoints(
    _ storage: any PageStorage, pageSize: Int?
  ) throws(TreeError) -> (MetaPage, previous: MetaPage?) {
    let found = try all(storage)
    if let newest = found.first {
      let previous = found.dropFirst().first {
        $0.pageSize == newest.pageSize && $0.checkpoint + 1 == newest.checkpoint
      }
      return (newest, previous)
    }
    if let pageSize, try isUnborn(storage) {
      guard MetaPage.pageSizes.contains(pageSize) else {
        throw .invalid("the page size must be one of \(MetaPage.pageSizes)")
      }
      return (try create(storage, pageSize), nil)
    }
    throw .notATree()
  }

  /// All whole checkpoints, the newest first.
  private static func all(_ storage: any PageStorage) throws(TreeError) -> [MetaPage] {
    var found: [MetaPage] = []
    // Where the second one is depends on the page size, which the first one may not tell.
    for offset in [0] + MetaPage.pageSizes {
      switch MetaPage.decode(try read(storage, at: offset)) {
      case .sound(let meta) where meta.offset == Int64(offset):
        found.append(meta)
      case .newer(let version):
        throw TreeError(
          .newerFormat, "the trees have format \(version), newer than this program; update it")
      default:
        break
      }
    }
    return found.sorted { $0.checkpoint > $1.checkpoint }
  }

  /// The newest checkpoint, for who knows the page size.
  static func newest(_ storage: any PageStorage, pageSize: Int) throws(TreeError) -> MetaPage {
    var newest: MetaPage?
    for offset in [0, pageSize] {
      guard case .sound(let meta) = MetaPage.decode(try read(storage, at: offset)),
        meta.offset == Int64(offset), meta.pageSize == pageSize
      else { continue }
      if meta.checkpoint >= newest?.checkpoint ?? 0 { newest = meta }
    }
    guard let newest else { throw .notATree() }
    try checkLength(newest, storage)
    return newest
  }

  private static func create(
    _ storage: any PageStorage, _ pageSize: Int
  ) throws(TreeError) -> MetaPage {
    let meta = MetaPage(pageSize: pageSize)
    do throws(IOError) {
      try storage.write(meta.encoded().span.bytes, at: meta.offset)
      try storage.resize(to: Int64(MetaPage.firstPage) * Int64(pageSize))
      try storage.synchronize()
    } catch {
      throw .storage("cannot create the trees", error)
    }
    return meta
  }

  /// Whether nothing was ever stored: the storage is empty, or a power cut has left parts of what
  /// `create` writes.
  private static func isUnborn(_ storage: any PageStorage) throws(TreeError) -> Bool {
    let largest = Int(MetaPage.firstPage) * 65536
    let bytes = try read(storage, at: 0, largest + 1)
    guard bytes.count <= largest else { return false }
    return MetaPage.pageSizes.contains { pageSize in
      let whole = MetaPage(pageSize: pageSize).encoded()
      return bytes.count <= Int(MetaPage.firstPage) * pageSize
        && bytes.enumerated().allSatisfy { offset, byte in
          byte == 0 || (offset < whole.count && byte == whole[offset])
        }
    }
  }

  static func read(
    _ storage: any PageStorage, at offset: Int, _ size: Int = MetaPage.size
  ) throws(TreeError) -> [UInt8] {
    let buffer = ByteBuffer(capacity: size)
    do throws(IOError) {
      buffer.count = try storage.readWhole(at: Int64(offset), into: buffer.free)
    } catch {
      throw .storage("cannot open the trees", error)
    }
    return Array(buffer.bytes)
  }

  /// What the checkpoint counts must be there, before anything is allocated for it.
  static func checkLength(_ meta: MetaPage, _ storage: any PageStorage) throws(TreeError) {
    // Of a new file, a power cut may have left the first page alone, which is all there is to know.
    if meta.spaceMap != 0 {
      try checkLength(pageCount: meta.pageCount, pageSize: meta.pageSize, storage)
    }
    guard meta.catalogue.isPossible(pageCount: meta.pageCount) else {
      throw .damaged(UInt32(meta.checkpoint & 1), "its numbers contradict one another")
    }
  }

  /// The last transaction that anybody can have seen.
  static func lastSeen(
    _ newest: MetaPage, _ storage: any PageStorage
  ) throws(TreeError) -> UInt64 {
    switch try Publication.read(storage, pageSize: newest.pageSize) {
    case .none: newest.transaction
    case .sound(let publication): max(newest.transaction, publication.transaction)
    // More than there can have been since the checkpoint.
    case .torn: newest.transaction + (1 << 40)
    }
  }

  static func checkLength(
    pageCount: UInt32, pageSize: Int, _ storage: any PageStorage
  ) throws(TreeError) {
    let byteCount = try byteCount(storage)
    guard Int64(pageCount) * Int64(pageSize) <= byteCount else {
      throw TreeError(
        .damaged,
        "the file has \(byteCount) bytes; it should have \(pageCount) pages of \(pageSize): it was "
          + "cut off, restore it from a copy")
    }
  }

  static func byteCount(_ storage: any PageStorage) throws(TreeError) -> Int64 {
    do throws(IOError) {
      return try storage.byteCount
    } catch {
      throw .storage("cannot open the trees", error)
    }
  }

  static func write(_ meta: MetaPage, _ storage: any PageStorage) throws(TreeError) {
    do throws(IOError) {
      try storage.write(meta.encoded().span.bytes, at: meta.offset)
    } catch {
      throw .storage("cannot write the checkpoint", error)
    }
  }

  /// Takes the newest checkpoint back, so that what the one before it has left is the newest.
  ///
  /// Its place is taken by a third one, which differs from the older in its numbers alone: somebody
  /// may have seen the transactions that are taken back, so no later one may have their numbers.
  static func revert(_ storage: any PageStorage) throws(TreeError) {
    let found = try all(storage)
    guard found.count == 2, found[0].pageSize == found[1].pageSize,
      found[0].checkpoint == found[1].checkpoint + 1
    else {
      throw TreeError(.notFound, "there is no whole checkpoint before the last one to go back to")
    }
    var meta = found[1]
    meta.checkpoint = found[0].checkpoint + 2
    meta.transaction = try lastSeen(found[0], storage) + 1
    do throws(IOError) {
      try storage.write(meta.encoded().span.bytes, at: meta.offset)
      try storage.synchronize()
    } catch {
      throw .storage("cannot go back to the previous checkpoint", error)
    }
  }
}
