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
    throw TreeError(
      .notATree,
      "there are no trees in this file, or both of its first pages are damaged; check the name, or "
        + "restore it from a copy")
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

  private static func create(
    _ storage: any PageStorage, _ pageSize: Int
  ) throws(TreeError) -> MetaPage {
    let meta = MetaPage(pageSize: pageSize)
    do throws(IOError) {
      try storage.write(meta.encoded().span.bytes, at: meta.offset)
      try storage.resize(to: 2 * Int64(pageSize))
      try storage.synchronize()
    } catch {
      throw .storage("cannot create the trees", error)
    }
    return meta
  }

  /// Whether nothing was ever stored: the storage is empty, or a power cut has left parts of what
  /// `create` writes.
  private static func isUnborn(_ storage: any PageStorage) throws(TreeError) -> Bool {
    let largest = 2 * 65536
    let bytes = try read(storage, at: 0, largest + 1)
    guard bytes.count <= largest else { return false }
    return MetaPage.pageSizes.contains { pageSize in
      let whole = MetaPage(pageSize: pageSize).encoded()
      return bytes.count <= 2 * pageSize
        && bytes.enumerated().allSatisfy { offset, byte in
          byte == 0 || (offset < whole.count && byte == whole[offset])
        }
    }
  }

  private static func read(
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
    let byteCount: Int64
    do throws(IOError) {
      byteCount = try storage.byteCount
    } catch {
      throw .storage("cannot open the trees", error)
    }
    // Of a new file, a power cut may have left the first page alone, which is all there is to know.
    guard meta.spaceMap == 0 || Int64(meta.pageCount) * Int64(meta.pageSize) <= byteCount else {
      throw TreeError(
        .damaged,
        "the file has \(byteCount) bytes; it should have \(meta.pageCount) pages of "
          + "\(meta.pageSize): it was cut off, restore it from a copy")
    }
    guard meta.catalogue.isPossible(pageCount: meta.pageCount) else {
      throw .damaged(UInt32(meta.checkpoint & 1), "its numbers contradict one another")
    }
  }

  static func write(_ meta: MetaPage, _ storage: any PageStorage) throws(TreeError) {
    do throws(IOError) {
      try storage.write(meta.encoded().span.bytes, at: meta.offset)
    } catch {
      throw .storage("cannot write the checkpoint", error)
    }
  }

  /// Takes the newest checkpoint back, so that the one before it is the newest.
  static func revert(_ storage: any PageStorage) throws(TreeError) {
    let found = try all(storage)
    guard found.count == 2 else {
      throw TreeError(.notFound, "there is no whole checkpoint before the last one to go back to")
    }
    do throws(IOError) {
      try storage.write([UInt8](repeating: 0, count: MetaPage.size).span.bytes, at: found[0].offset)
      try storage.synchronize()
    } catch {
      throw .storage("cannot go back to the previous checkpoint", error)
    }
  }
}
