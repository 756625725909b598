import CairnCore
import CairnTestKit
import CairnTree
import SystemPackage
import Testing

@Suite struct SimulatedStorageTests {
  private func put(_ bytes: [UInt8], _ offset: Int64, _ storage: SimulatedStorage) throws {
    try storage.write(bytes.span.bytes, at: offset)
  }

  private func powerCuts(_ storage: SimulatedStorage, limit: Int) -> [[UInt8]] {
    var found: [[UInt8]] = []
    storage.forEachPowerCut(limit: limit) { found.append($0) }
    return found
  }

  @Test func fewWritesAreCutInEveryWay() throws {
    let storage = SimulatedStorage([9, 9, 9])
    #expect(powerCuts(storage, limit: 64) == [[9, 9, 9]])
    try put([1], 0, storage)
    try put([2], 1, storage)
    try put([3], 2, storage)
    #expect(storage.unsynchronizedCount == 3)
    let cuts = powerCuts(storage, limit: 8)
    var all: Set<[UInt8]> = []
    for choice in 0..<8 {
      all.insert([choice & 1 == 1 ? 1 : 9, choice & 2 == 2 ? 2 : 9, choice & 4 == 4 ? 3 : 9])
    }
    #expect(Set(cuts.prefix(8)) == all && cuts.count == 10)
    try storage.synchronize()
    #expect(powerCuts(storage, limit: 8) == [[1, 2, 3]])
  }

  @Test func manyWritesAreCutInSomeWays() throws {
    let storage = SimulatedStorage()
    for index in 0..<40 { try put([UInt8(index + 1)], Int64(index), storage) }
    let cuts = powerCuts(storage, limit: 60)
    #expect(cuts[0] == [] && cuts[1] == (1...40).map(UInt8.init))
    #expect(cuts.count == 75 && Set(cuts).count > 60)
    #expect(cuts == powerCuts(storage, limit: 60))
  }

  @Test func writesAreTornAtSectorsAndReordered() throws {
    let storage = SimulatedStorage()
    try put([UInt8](repeating: 1, count: 2000), 100, storage)
    try put([UInt8](repeating: 2, count: 2000), 100, storage)
    var (isTorn, isReordered) = (false, false)
    for bytes in powerCuts(storage, limit: 400) {
      for sector in 0..<5 {
        // Of a sector, all or nothing.
        let part = bytes.dropFirst(max(100, sector * 512)).prefix(
          sector == 0 ? 412 : sector == 4 ? 52 : 512)
        #expect(Set(part).count <= 1)
      }
      isTorn = isTorn || Set(bytes.dropFirst(100)).count > 1
      isReordered = isReordered || (bytes.contains(1) && bytes.contains(2))
    }
    #expect(isTorn && isReordered)
  }

  @Test func callsFailByNumberAndByRule() throws {
    let storage = SimulatedStorage()
    storage.fail(atChange: 1)
    try put([1], 0, storage)
    var buffer: [UInt8] = []
    buffer.append(contentsOf: storage.bytes)
    var error = #expect(throws: IOError.self) { try put([2], 0, storage) }
    #expect(error?.errno == .ioError)
    try put([3], 0, storage)
    #expect(storage.bytes == [3] && storage.callCount == 3 && storage.changeCount == 3)
    storage.setFault { $0.kind == .synchronize ? .full : nil }
    error = #expect(throws: IOError.self) { try storage.synchronize() }
    #expect(error?.errno == .noSpace && storage.unsynchronizedCount > 0)
    storage.fail(atCall: 5, forever: true)
    try put([4], 0, storage)
    for _ in 0..<3 { #expect(throws: IOError.self) { try put([5], 0, storage) } }
    storage.setFault(nil)
    try put([6], 0, storage)
  }

  @Test func aFullDiskTakesWhatFits() throws {
    let storage = SimulatedStorage()
    storage.limitSize(to: 10)
    let error = #expect(throws: IOError.self) {
      try put([UInt8](repeating: 1, count: 8), 4, storage)
    }
    #expect(error?.errno == .noSpace && storage.bytes.count == 10)
    try put([2], 9, storage)
    #expect(throws: IOError.self) { try storage.resize(to: 11) }
    storage.limitSize(to: nil)
    try storage.resize(to: 11)
  }

  @Test func theLocksOfTheKilledEnd() throws {
    let first = SimulatedStorage()
    let store = try TreeStore(on: first)
    let second = first.openedAgain()
    var error = #expect(throws: TreeError.self) { try TreeStore(on: second) }
    #expect(error?.code == .busy)
    first.kill()
    let next = try TreeStore(on: second)
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions())
    try tree.put("a".utf8.span.bytes, "b".utf8.span.bytes)
    error = #expect(throws: TreeError.self) { try writing.commit(.checkpoint) }
    #expect(error?.code == .storage)
    #expect(try next.beginReading().treeNames == [])
    let reader = try TreeStore(on: first.openedAgain(readOnly: true))
    #expect(try reader.beginReading().treeNames == [])
  }
}
