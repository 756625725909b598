import CairnTree

/// Opens a file of trees, walks everything that is in it, and changes it: an error or an answer,
/// whatever the file says.
///
/// The checksums of its pages are put right first, else no change of libFuzzer's would get further
/// than them.
func fuzzTree(_ input: UnsafeBufferPointer<UInt8>) -> CInt {
  var bytes = Array(input)
  TreeFile.correctChecksums(&bytes)
  let options = TreeStoreOptions(pageSize: TreeFile.pageSize, cacheBytes: 0)
  guard let store = try? TreeStore(on: MemoryStorage(bytes), options) else { return 0 }
  _ = try? store.verify()
  walk(store)
  change(store)
  walk(store)
  return 0
}

private func walk(_ store: TreeStore) {
  guard let reading = try? store.beginReading(), let names = try? reading.treeNames else { return }
  for name in names.prefix(4) {
    guard let tree = try? reading.tree(name) else { continue }
    // A file of some pages may claim more entries than there are.
    guard let entries = try? tree.entries(in: 0..<2000) else { continue }
    for entry in entries.prefix(50) {
      _ = try? tree.rank(of: entry.key.span.bytes)
      _ = try? tree.weight(before: entry.key.span.bytes)
    }
    _ = try? tree.statistics()
  }
}

private func change(_ store: TreeStore) {
  guard let writing = try? store.beginWriting(), let names = try? writing.treeNames else { return }
  for name in names.prefix(2) {
    guard let tree = try? writing.tree(name) else { continue }
    let keys = ((try? tree.entries(in: 0..<40)) ?? []).map(\.key)
    for (index, key) in keys.enumerated() {
      if index % 2 == 0 {
        _ = try? tree.remove(key.span.bytes)
      } else {
        _ = try? tree.put(key.span.bytes, key.span.bytes, weight: 1)
      }
    }
    _ = try? tree.remove(ranks: 3..<30)
  }
  try? writing.commit(.checkpoint)
}

/// What of the format is needed to make a page look sound.
private enum TreeFile {
  static let pageSize = 4096

  static func correctChecksums(_ bytes: inout [UInt8]) {
    for start in stride(from: 0, through: bytes.count - pageSize, by: pageSize) {
      let sum = checksum(bytes[start..<start + pageSize])
      for byte in 0..<8 {
        bytes[start + byte] = UInt8(truncatingIfNeeded: sum >> UInt64(8 * byte))
      }
    }
  }

  /// As Format.md of CairnTree has it.
  private static func checksum(_ page: ArraySlice<UInt8>) -> UInt64 {
    let words = (0..<page.count / 8).map { index in
      (0..<8).reversed().reduce(UInt64(0)) {
        $0 << 8 | UInt64(page[page.startIndex + 8 * index + $1])
      }
    }
    var lanes = [
      step(0x2545_F491_4F6C_DD1D, UInt64(page.count)), step(0x6C62_272E_07BB_0142, words[1]),
      step(0xB492_B66F_BE98_F273, words[2]), step(0x27D4_EB2F_1656_67C5, words[3]),
    ]
    for index in 4..<words.count { lanes[index % 4] = step(lanes[index % 4], words[index]) }
    var sum: UInt64 = 0
    for (index, lane) in lanes.enumerated() { sum &+= finish(lane, UInt64(index + 1)) }
    return finish(sum, 5)
  }

  private static func step(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    let mixed = lane ^ word
    return (mixed << 29 | mixed >> 35) &* 0x9E37_79B9_7F4A_7C15
  }

  private static func finish(_ lane: UInt64, _ number: UInt64) -> UInt64 {
    var value = lane &+ number
    value = (value ^ value >> 32) &* 0xD6E8_FEB8_6659_FD93
    value = (value ^ value >> 29) &* 0xCA5A_8263_9512_1157
    return value ^ value >> 32
  }
}
