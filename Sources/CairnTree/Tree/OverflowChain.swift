import CairnCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A long value in overflow pages that no entry refers to yet.
struct OverflowChain {
  var byteCount: UInt64 = 0
  var firstPage: UInt32 = 0
  var pageCount: UInt64 = 0

  /// What an entry stores for it.
  var reference: (UInt64, UInt32) { (byteCount.littleEndian, firstPage.littleEndian) }
}

/// What a value is read from, up to a number of bytes if that is given.
struct ValueSource<Reader: ByteReader> {
  var reader: Reader
  /// How many bytes must still come, if that is known.
  private(set) var rest: Int64?

  init(_ reader: Reader, byteCount: Int64?) {
    self.reader = reader
    rest = byteCount
  }

  /// Fills a buffer as far as there is content.
  ///
  /// - Returns: fewer bytes than there is room only at the end.
  mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(TreeError) -> Int {
    let limit = rest.map { Int(min(Int64(buffer.count), $0)) } ?? buffer.count
    let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[..<limit])
    var span = OutputRawSpan(buffer: wanted, initializedCount: 0)
    var failure: IOError?
    do throws(IOError) {
      while !span.isFull, try reader.read(into: &span) > 0 {}
    } catch {
      failure = error
    }
    let count = span.finalize(for: wanted)
    if let failure {
      throw TreeError(
        .source, "cannot read the value that is to be stored; nothing was", cause: failure)
    }
    if let rest {
      guard count == limit else {
        throw TreeError(
          .source,
          "the value ended \(rest - Int64(count)) bytes before it should; nothing was stored")
      }
      self.rest = rest - Int64(count)
    }
    return count
  }
}

extension TreeWriter {
  /// Stores an entry whose value is read from `source`, page by page if it is long.
  ///
  /// - Returns: whether the key was there.
  func put<Reader: ByteReader>(
    _ key: Bytes, from source: inout ValueSource<Reader>, weight: UInt64
  ) throws(TreeError) -> Bool {
    try check(key, weight)
    // One byte more than a value inside a leaf can have.
    let limit =
      layout.hasFixedLeaves
      ? layout.valueWidth
      : max(0, layout.recordLimit - (layout.isWeighted ? 12 : 4) - key.count)
    let buffer = ByteBuffer(capacity: limit + 1)
    buffer.count = try source.fill(buffer.free)
    if layout.hasFixedLeaves || buffer.count <= limit {
      return try put(key, Bytes(buffer.base, buffer.count), weight: weight, .insertOrUpdate)
    }
    let chain = try writeOverflow(buffer.bytes, then: &source)
    do throws(TreeError) {
      return try put(key, chain, weight: weight)
    } catch {
      // A weight that is refused; after other errors the transaction ends anyway.
      if error.code == .invalid { try free(chain) }
      throw error
    }
  }

  private func put(
    _ key: Bytes, _ chain: OverflowChain, weight: UInt64
  ) throws(TreeError) -> Bool {
    if record.root == 0 {
      try checkSum(weight)
      try makeRoot()
    }
    let (index, isThere) = try seek(key)
    let old = isThere && layout.isWeighted ? leaf.weight(index) : 0
    try checkSum(weight, instead: old)
    try makeWritable()
    if isThere {
      try freeOverflow(index..<index + 1)
      leaf.remove(index..<index + 1)
      account(-1, 0 &- old)
    }
    try withUnsafeBytes(of: chain.reference) { (bytes) throws(TreeError) in
      try insertStored(
        index, key, Bytes(bytes.baseAddress!, LeafPage.overflowReferenceSize),
        isOverflowing: true, weight)
    }
    return isThere
  }

  /// Writes a value that begins with `start` and goes on as `source` does, holding two pages of it.
  private func writeOverflow<Reader: ByteReader>(
    _ start: UnsafeRawBufferPointer, then source: inout ValueSource<Reader>
  ) throws(TreeError) -> OverflowChain {
    let room = layout.pageSize - PageHeader.size
    var chain = OverflowChain()
    var start = start[...]
    var last: PinnedPage?
    do throws(TreeError) {
      while true {
        let pinned = try context.make(.overflow, level: 0, of: record)
        let page = pinned.page
        let content = UnsafeMutableRawBufferPointer(start: page.base + PageHeader.size, count: room)
        let known = start.prefix(room)
        content.copyBytes(from: known)
        start = start.dropFirst(room)
        var count = known.count
        do throws(TreeError) {
          if count < room {
            count += try source.fill(UnsafeMutableRawBufferPointer(rebasing: content[count...]))
          }
        } catch {
          discard(pinned)
          throw error
        }
        if count == 0 {
          discard(pinned)
          break
        }
        page.set32(36, 0)
        page.deadBytes = count
        if let last {
          last.page.set32(36, page.number)
          cache.unpin(last)
        } else {
          chain.firstPage = page.number
        }
        last = pinned
        chain.byteCount += UInt64(count)
        chain.pageCount += 1
        record.overflowPages &+= 1
        if count < room { break }
      }
    } catch {
      if let last { cache.unpin(last) }
      // What pages the storage has lost is of no interest any more if this fails, too.
      try free(chain)
      throw error
    }
    if let last { cache.unpin(last) }
    return chain
  }

  private func discard(_ pinned: PinnedPage) {
    let number = pinned.page.number
    cache.unpin(pinned)
    context.free(number, birth: context.transaction)
  }

  private func free(_ chain: OverflowChain) throws(TreeError) {
    var number = chain.firstPage
    for _ in 0..<chain.pageCount {
      let pinned = try cache.pin(number)
      let next = pinned.page.u32(36)
      discard(pinned)
      record.overflowPages &-= 1
      number = next
    }
  }
}
