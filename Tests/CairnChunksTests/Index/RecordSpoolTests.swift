import CairnCore
import SystemPackage
import Testing

@testable import CairnChunks

@Suite struct RecordSpoolTests {
  private static let recordSize = StoredPlace.recordSize
  /// Beyond what is kept in memory, so that most of it is in the file.
  private static let recordCount = 40_000

  private func record(_ number: Int, of bytes: [UInt8]) -> ArraySlice<UInt8> {
    bytes[(number * Self.recordSize)..<((number + 1) * Self.recordSize)]
  }

  private func read(_ number: Int, from spool: RecordSpool) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.recordSize)
    try bytes.withUnsafeMutableBytes { try spool.read($0, at: number * Self.recordSize) }
    return bytes
  }

  /// The last page of the file grows after it was kept, records lie on two pages, and pages make room
  /// for others.
  @Test(arguments: ["/dev/shm", nil] as [FilePath?])
  func givesWhatWasAppendedWhileItGrows(in directory: FilePath?) throws {
    let seed = UInt64.random(in: 1 ... .max)
    var random = SeededRandom(seed)
    let bytes = random.bytes(Self.recordCount * Self.recordSize)
    let spool = RecordSpool(in: directory)
    var count = 0
    while count < Self.recordCount {
      let added = min(1 + Int(random.next() % 400), Self.recordCount - count)
      try spool.append(
        Array(bytes[(count * Self.recordSize)..<((count + added) * Self.recordSize)]))
      count += added
      let start = Int(random.next() % UInt64(count))
      let wanted = [count - 1, count - added] + Array(start..<min(count, start + 100))
      for number in wanted {
        let found = try read(number, from: spool)
        if !found.elementsEqual(record(number, of: bytes)) {
          Issue.record("record \(number) of \(count), seed \(seed)")
        }
      }
    }
    for number in 0..<count {
      let found = try read(number, from: spool)
      if !found.elementsEqual(record(number, of: bytes)) {
        Issue.record("record \(number), seed \(seed)")
      }
    }
    // Some pages of the file are kept, however much was read.
    if directory != nil { #expect((1...(160 << 10)).contains(spool.memoryBytes)) }
  }

  @Test func keepsTheLongestStateOfAPage() {
    var pages = RecentPages()
    let page = [UInt8](repeating: 7, count: RecentPages.pageSize)
    var byte: [UInt8] = [0]

    func found(at offset: Int) -> Bool {
      byte.withUnsafeMutableBytes { pages.copy(to: $0, from: offset) }
    }
    #expect(!found(at: 0))
    page.withUnsafeBytes { pages.keep($0, at: 8 * RecentPages.pageSize) }
    page[..<100].withUnsafeBytes { pages.keep($0, at: 8 * RecentPages.pageSize) }
    #expect(found(at: 9 * RecentPages.pageSize - 1) && byte == [7])
    #expect(!found(at: 9 * RecentPages.pageSize) && !found(at: 0))
    page[..<100].withUnsafeBytes { pages.keep($0, at: 9 * RecentPages.pageSize) }
    #expect(found(at: 9 * RecentPages.pageSize + 99))
    #expect(!found(at: 9 * RecentPages.pageSize + 100))
  }

  @Test func givesWhatWasAppendedToManyAtOnce() async throws {
    let seed = UInt64.random(in: 1 ... .max)
    var random = SeededRandom(seed)
    let bytes = random.bytes(Self.recordCount * Self.recordSize)
    let spool = RecordSpool(in: "/dev/shm")
    try spool.append(bytes)
    try await withThrowingTaskGroup { group in
      for part in 0..<4 {
        group.addTask {
          for step in 0..<10_000 {
            let number = (part * 9_973 + step * 3) % Self.recordCount
            let found = try read(number, from: spool)
            if !found.elementsEqual(record(number, of: bytes)) {
              Issue.record("record \(number), seed \(seed)")
            }
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
