import CairnCore
import SystemPackage

extension ArenaCore {
  func freeze(to writer: inout some ByteWriter, withTable: Bool) throws(InternError) {
    try records.freeze(count, seed: seed, withTable: withTable, to: &writer)
  }
}

extension Records {
  /// Writes `count` records as a frozen arena, whose table is what adding them in order gives.
  func freeze(
    _ count: Int, seed: UInt64?, withTable: Bool, to writer: inout some ByteWriter
  ) throws(InternError) {
    // The key of a file may be read by others, so it is not the one that an arena goes on with.
    let key = seed.map { ByteHash(seed: $0) } ?? ByteHash()
    var table = GroupTable()
    if withTable, count > 0 {
      do throws(Errno) {
        try table.replace(room: count, isExact: true)
      } catch {
        throw .noMemory(GroupTable.groups(for: count) * GroupView.groupSize, error)
      }
      table.insertAll(of: self, from: 0, key)
    }
    let groupCount = table.view.groupCount
    let text = UnsafeRawBufferPointer(start: start, count: end)
    let groups = UnsafeRawBufferPointer(
      start: table.view.base, count: groupCount * GroupView.groupSize)
    var header = FrozenHeader(
      layout: layout, stringCount: count, recordBytes: end, groupCount: groupCount, hash: key)
    header.recordChecksum = XXH64.checksum(of: text)
    header.tableChecksum = XXH64.checksum(of: groups)
    let padding = [UInt8](repeating: 0, count: header.tableStart - header.recordEnd)
    do throws(IOError) {
      try writer.write(header.encoded().span.bytes)
      try writer.write(RawSpan(_unsafeBytes: text))
      try writer.write(padding.span.bytes)
      try writer.write(RawSpan(_unsafeBytes: groups))
    } catch {
      throw .io(error)
    }
  }
}
