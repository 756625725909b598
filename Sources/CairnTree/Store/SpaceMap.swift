import CairnCore

/// The pages in use by a checkpoint, stored in a chain of pages: from byte 48 on, for each page from
/// 0 on, one bit, the lowest first, as many as fit; the header tells the next page, 0 in the last.
enum SpaceMap {
  static func bitsPerPage(_ pageSize: Int) -> Int { (pageSize - PageHeader.size) * 8 }

  static func write(
    _ used: PageSet, pageCount: UInt32, to pages: [UInt32], transaction: UInt64,
    _ storage: any PageStorage, pageSize: Int
  ) throws(TreeError) {
    let buffer = ByteBuffer(capacity: pageSize)
    let page = Page(buffer.base)
    let wordsPerPage = bitsPerPage(pageSize) / 64
    for (position, number) in pages.enumerated() {
      page.format(
        .spaceMap, number: number, tree: 0, level: 0, layoutWord: 0, transaction: transaction,
        pageSize: pageSize)
      page.set32(36, position + 1 < pages.count ? pages[position + 1] : 0)
      page.deadBytes = pageSize - PageHeader.size
      for word in 0..<wordsPerPage {
        let index = position * wordsPerPage + word
        guard index < used.words.count else { break }
        page.set64(PageHeader.size + 8 * word, used.words[index])
      }
      page.set64(0, BlockChecksum.of(page.base, pageSize))
      do throws(IOError) {
        try storage.write(
          RawSpan(_unsafeStart: page.base, byteCount: pageSize),
          at: Int64(number) * Int64(pageSize))
      } catch {
        throw .storage("cannot write the space map", error, page: number)
      }
    }
  }

  static func read(
    _ meta: MetaPage, _ storage: any PageStorage
  ) throws(TreeError) -> (used: PageSet, pages: [UInt32]) {
    var used = PageSet()
    var pages: [UInt32] = []
    guard meta.spaceMap != 0 else { return (used, pages) }
    let pageSize = meta.pageSize
    let buffer = ByteBuffer(capacity: pageSize)
    var number = meta.spaceMap
    let bits = bitsPerPage(pageSize)
    let expected = (Int(meta.pageCount) + bits - 1) / bits
    while number != 0 {
      guard number >= MetaPage.firstPage, number < meta.pageCount, pages.count < expected else {
        throw .stray(number)
      }
      let count: Int
      do throws(IOError) {
        count = try storage.readWhole(
          at: Int64(number) * Int64(pageSize),
          into: UnsafeMutableRawBufferPointer(start: buffer.base, count: pageSize))
      } catch {
        throw .storage("cannot read the space map", error, page: number)
      }
      guard count == pageSize else { throw .damaged(number, "the file ends before it does") }
      if let problem = PageCheck.problem(buffer.base, number, pageSize) {
        throw .damaged(number, problem)
      }
      let page = Page(buffer.base)
      guard page.kind == PageKind.spaceMap.rawValue, page.transaction <= meta.transaction else {
        throw .foreign(number)
      }
      let first = pages.count * bits
      for bit in 0..<min(bits, Int(meta.pageCount) - first)
      where page.base.load(fromByteOffset: PageHeader.size + bit >> 3, as: UInt8.self)
        >> UInt8(bit & 7) & 1 == 1
      {
        used.insert(UInt32(first + bit))
      }
      pages.append(number)
      number = page.u32(36)
    }
    guard pages.count == expected else { throw .damaged(meta.spaceMap, "the space map ends early") }
    return (used, pages)
  }
}
