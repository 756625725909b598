import CairnCore
import Testing

@testable import CairnTree

/// Pins the format: what these bytes are may not change without a new version.
@Suite struct FormatTests {
  @Test func aSmallFileHasTheseBytes() throws {
    let storage = MemoryStorage()
    let store = try TreeStore(on: storage, TreeStoreOptions(pageSize: 4096))
    let writing = try store.beginWriting()
    let options = TreeOptions(keyWidth: 2, valueWidth: 1, isWeighted: true)
    let tree = try writing.tree("ab", creating: options)
    try tree.put(([1, 2] as [UInt8]).span.bytes, ([3] as [UInt8]).span.bytes, weight: 4)
    try tree.put(([1, 9] as [UInt8]).span.bytes, ([5] as [UInt8]).span.bytes, weight: 6)
    try writing.commit(.checkpoint)
    let bytes = storage.bytes
    #expect(bytes.count == 6 * 4096)

    func number(_ offset: Int, _ count: Int) -> UInt64 {
      bytes[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    // The checkpoint.
    let meta = 4096
    #expect(Array(bytes[meta + 8..<meta + 16]) == Array("CAIRNTRE".utf8))
    #expect(number(meta + 16, 4) == 1 && number(meta + 20, 4) == 4096)
    #expect(number(meta + 24, 8) == 1 && number(meta + 32, 8) == 1)
    #expect(number(meta + 40, 4) == 6 && number(meta + 44, 4) == 5 && number(meta + 48, 4) == 2)
    // The catalogue: no widths, one entry, its root in page 4.
    #expect(number(meta + 56, 8) == 0xFFFF_FFFF && number(meta + 64, 8) == 1)
    #expect(number(meta + 88, 4) == 4)
    // The leaf: 368 entries of 11 bytes fit.
    let leaf = 3 * 4096
    #expect(number(leaf + 8, 8) == 1 && number(leaf + 16, 4) == 3 && number(leaf + 20, 4) == 1)
    #expect(bytes[leaf + 24] == 1 && bytes[leaf + 25] == 0 && number(leaf + 26, 2) == 2)
    #expect(number(leaf + 28, 8) == 0x1_0001_0002)
    #expect(Array(bytes[leaf + 48..<leaf + 53]) == [1, 2, 1, 9, 0])
    #expect(Array(bytes[leaf + 48 + 368 * 2..<leaf + 48 + 368 * 2 + 2]) == [3, 5])
    #expect(number(leaf + 48 + 368 * 3, 8) == 4 && number(leaf + 56 + 368 * 3, 8) == 6)
    // The catalogue's record: lengths, name, description.
    let record = 5 * 4096 - 54
    #expect(number(4 * 4096 + 48, 2) == UInt64(4096 - 54))
    #expect(number(record, 2) == 2 && number(record + 2, 2) == 48)
    #expect(Array(bytes[record + 4..<record + 6]) == Array("ab".utf8))
    // The space map: pages 3, 4 and 5.
    #expect(bytes[5 * 4096 + 48] == 0b111000)
  }

  @Test func theChecksumIsThis() {
    let page = (0..<4096).map { UInt8(truncatingIfNeeded: $0) }
    let checksum = page.withUnsafeBytes { BlockChecksum.of($0.baseAddress!, 4096) }
    #expect(checksum == 6_127_440_030_858_154_236)
  }
}
