/// Looks whether a frozen arena is whole and does what an arena does, before anything relies on it.
///
/// Checksums find damage. Whoever made the file on purpose can make them right, so each string is
/// also looked up, within a bound on the work that no honest table comes near.
struct FrozenVerification {
  private let header: FrozenHeader
  private let mapping: UnsafeRawBufferPointer
  private let records: Records
  private let view: GroupView

  init(_ header: FrozenHeader, _ mapping: UnsafeRawBufferPointer) {
    self.header = header
    self.mapping = mapping
    records = header.records(in: mapping)
    view = header.view(in: mapping)
  }

  func run() throws(InternError) {
    try checkChecksums()
    if header.groupCount > 0 {
      try checkGroups()
    }
    try checkRecords()
  }

  private func checkChecksums() throws(InternError) {
    let text = UnsafeRawBufferPointer(rebasing: mapping[FrozenHeader.size..<header.recordEnd])
    guard XXH64.checksum(of: text) == header.recordChecksum else {
      throw .damaged("its strings do not have their checksum")
    }
    guard mapping[header.recordEnd..<header.tableStart].allSatisfy({ $0 == 0 }) else {
      throw .damaged("there is something between its strings and its table")
    }
    let table = UnsafeRawBufferPointer(rebasing: mapping[header.tableStart...])
    guard XXH64.checksum(of: table) == header.tableChecksum else {
      throw .damaged("its table does not have its checksum")
    }
  }

  /// The longest run of groups that lead on to the next: what one lookup may read. In a table of ten
  /// million random strings it stays below this.
  private static let longestRun = 1024

  /// As many tags as strings, and no way of lookups that is overly long.
  private func checkGroups() throws(InternError) {
    var tags = 0
    var run = 0
    for group in 0..<view.groupCount {
      let start = view.base + group * GroupView.groupSize
      let low = start.load(as: UInt64.self)
      let high = start.load(fromByteOffset: 8, as: UInt64.self)
      tags += GroupView.slotCount - Tags.places(of: 0, low, high).nonzeroBitCount
      run = high >> 32 == 0 ? 0 : run + 1
      guard run <= Self.longestRun else { throw .damaged("its table is not evenly filled") }
    }
    guard tags == header.stringCount else {
      throw .damaged("its table does not have the number of its strings")
    }
  }

  /// Whole records up to the end, numbered if they are to be, each found as itself.
  private func checkRecords() throws(InternError) {
    let layout = records.layout
    var offset = 0
    var end = 0
    var count = 0
    // Strings that are compared with others than themselves; few are, in an honest table.
    var budget = records.end * 4 + 65_536
    while let content = records.content(at: offset) {
      if layout.isNumbered, Int(records.number(at: offset)) != count {
        throw .damaged("string \(count) does not have its number")
      }
      if view.groupCount > 0 {
        try find(content, layout.symbol(at: offset), &budget)
      }
      count += 1
      end = offset + layout.headSize(length: content.count) + content.count
      offset = layout.aligned(end)
    }
    guard count == header.stringCount, end == records.end else {
      throw .damaged("its strings end after \(count) of \(header.stringCount)")
    }
  }

  private func find(
    _ content: UnsafeRawBufferPointer, _ symbol: UInt32, _ budget: inout Int
  ) throws(InternError) {
    guard let start = content.baseAddress else { return }
    var left = budget
    let found = view.find(header.hash(start, content.count)) { other in
      if other == symbol { return true }
      left -= 1 + content.count
      return left < 0 || records.equals(other, start, content.count)
    }
    budget = left
    guard left >= 0 else { throw .damaged("its table is not evenly filled") }
    // Another symbol for the same bytes is as bad as none.
    guard found == symbol else { throw .damaged("its table does not lead to all of its strings") }
  }
}
