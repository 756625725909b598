import CairnChunks
import CairnCrypto
import CairnTargetKit
import Foundation
import SystemPackage
import Testing

@Suite struct CachingTargetTests {
  private static let pieceSize = Int(CachingTarget.pieceSize)

  /// A blob that is named by its content, and counts what is read of it.
  private struct Fixture {
    let memory = MemoryTarget()
    let counted: FaultyTarget
    let bytes: [UInt8]
    let name: BlobName

    init(_ count: Int = 5 * pieceSize + 1000) throws {
      var random = SystemRandomNumberGenerator()
      let bytes =
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 257) }
        + withUnsafeBytes(of: random.next()) { Array($0) }
      self.bytes = bytes
      name = BlobName(named: "packs/\(SHA256.hash(of: bytes.span.bytes))")
      try memory.store(name, BlobSource(bytes))
      counted = FaultyTarget(memory) { _ in nil }
    }

    var gets: Int { counted.calls.count { $0.kind == .get } }
  }

  private func files(in directory: FilePath) -> [FilePath] {
    let found = FileManager.default.subpaths(atPath: directory.string) ?? []
    return found.map { directory.appending($0) }.filter {
      (try? Data(contentsOf: URL(fileURLWithPath: $0.string))) != nil
    }
  }

  private func bytes(in directory: FilePath) -> Int {
    files(in: directory).reduce(0) {
      $0 + ((try? Data(contentsOf: URL(fileURLWithPath: $1.string)))?.count ?? 0)
    }
  }

  @Test func everyBlobCachedConforms() async throws {
    try await withTemporaryDirectory { directory in
      let report = await TargetConformance(.init(listedNames: 200)) {
        CachingTarget(
          MemoryTarget(), in: directory.appending(.unique()), budget: 8 << 20,
          keeping: { _ in true })
      }.run()
      #expect(report.isSound, "\(report)")
    }
  }

  @Test func whatWasReadIsNotReadAgain() async throws {
    try await withTemporaryDirectory { directory in
      let fixture = try Fixture()
      let (name, bytes) = (fixture.name, fixture.bytes)
      for _ in 0..<3 {
        // Another process, each time.
        let target = CachingTarget(fixture.counted, in: directory, budget: 10 << 20)
        for range in [0..<10, 5..<Self.pieceSize, Self.pieceSize - 1..<Self.pieceSize + 1] {
          let found = try await target.get(
            name, range: Int64(range.lowerBound)..<Int64(range.upperBound))
          #expect(found == Array(bytes[range]))
        }
      }
      #expect(fixture.gets == 2)
      let target = CachingTarget(fixture.counted, in: directory, budget: 10 << 20)
      let count = Int64(bytes.count)
      for range in [count - 5..<count, count - 5..<count + 100, 3..<Int64.max, 0..<count] {
        let found = try await target.get(name, range: range)
        #expect(
          found == Array(bytes[Int(range.lowerBound)..<min(bytes.count, Int(range.upperBound))]))
      }
      let gets = fixture.gets
      #expect(try await target.get(name, range: nil) == bytes)
      #expect(try await target.get(name, range: count + 5..<count + 10).isEmpty)
      #expect(fixture.gets == gets)
    }
  }

  @Test func damageIsAMiss() async throws {
    try await withTemporaryDirectory { directory in
      let fixture = try Fixture(2 * Self.pieceSize)
      let (name, bytes) = (fixture.name, fixture.bytes)
      let target = CachingTarget(fixture.counted, in: directory, budget: 10 << 20)
      #expect(try await target.get(name, range: nil) == bytes)
      let kept = files(in: directory)
      #expect(kept.count == 3)
      for (number, file) in kept.enumerated() {
        let url = URL(fileURLWithPath: file.string)
        let good = try Data(contentsOf: url)
        var flipped = good
        flipped[good.count / 2] ^= 1
        var last = good
        last[32] ^= 1
        let other = try Data(contentsOf: URL(fileURLWithPath: kept[(number + 1) % 3].string))
        for damaged in [flipped, last, other, good.dropLast(), good + [0], Data()] {
          try damaged.write(to: url)
          #expect(try await target.get(name, range: nil) == bytes)
          try damaged.write(to: url)
          #expect(try await target.get(name, range: 0..<Int64(bytes.count)) == bytes)
        }
      }
      #expect(try await target.get(name, range: nil) == bytes)
      let gets = fixture.gets
      #expect(try await target.get(name, range: nil) == bytes)
      #expect(fixture.gets == gets)
    }
  }

  @Test func whereNothingCanBeKeptNothingFails() async throws {
    try await withTemporaryDirectory { directory in
      let fixture = try Fixture(1000)
      try write("a file", to: directory.appending("file"))
      for (place, budget) in [("file", 1 << 20), ("absent/below", 1 << 20), ("small", 100)] {
        let target = CachingTarget(
          fixture.counted, in: directory.appending(place), budget: Int64(budget))
        #expect(try await target.get(fixture.name, range: nil) == fixture.bytes)
        #expect(try await target.get(fixture.name, range: 5..<10) == Array(fixture.bytes[5..<10]))
      }
    }
  }

  @Test func theBudgetIsKeptAndTheOldestGo() async throws {
    try await withTemporaryDirectory { directory in
      let budget = 10 * (Self.pieceSize + 33)
      let fixtures = try (0..<12).map { _ in try Fixture(2 * Self.pieceSize - 8) }
      func target(_ fixture: Fixture) -> CachingTarget {
        CachingTarget(fixture.counted, in: directory, budget: Int64(budget))
      }
      for fixture in fixtures {
        let target = target(fixture)
        #expect(try await target.get(fixture.name, range: nil) == fixture.bytes)
        // The first one is used all the time.
        #expect(
          try await self.target(at: directory, budget, fixtures[0]).get(
            fixtures[0].name, range: 0..<10) == Array(fixtures[0].bytes[..<10]))
        #expect(bytes(in: directory) <= budget)
      }
      #expect(fixtures[0].gets <= 2)
      let gets = fixtures[11].gets
      #expect(try await target(fixtures[11]).get(fixtures[11].name, range: 0..<10).count == 10)
      #expect(fixtures[11].gets == gets)
      #expect(try await target(fixtures[2]).get(fixtures[2].name, range: 0..<10).count == 10)
      #expect(fixtures[2].gets == 2)
    }
  }

  private func target(at directory: FilePath, _ budget: Int, _ fixture: Fixture) -> CachingTarget {
    CachingTarget(fixture.counted, in: directory, budget: Int64(budget))
  }

  @Test func whatTheTargetHasWrongIsNotKept() async throws {
    try await withTemporaryDirectory { directory in
      let fixture = try Fixture(1000)
      let wrong = BlobName(named: "roots/\(SHA256.hash(of: [1, 2, 3].span.bytes))")
      try fixture.memory.store(wrong, BlobSource([4]))
      let target = CachingTarget(fixture.counted, in: directory, budget: 1 << 20)
      #expect(try await target.get(wrong, range: nil) == [4])
      #expect(files(in: directory).isEmpty)
      // Nor is what is not named by its content.
      let other = BlobName(named: "cairn")
      try fixture.memory.store(other, BlobSource([5]))
      #expect(try await target.get(other, range: nil) == [5])
      #expect(files(in: directory).isEmpty)
    }
  }

  @Test func aDeletedBlobIsForgotten() async throws {
    try await withTemporaryDirectory { directory in
      let fixture = try Fixture(1000)
      let target = CachingTarget(fixture.counted, in: directory, budget: 1 << 20)
      #expect(try await target.get(fixture.name, range: nil) == fixture.bytes)
      try await target.delete(fixture.name)
      #expect(files(in: directory).isEmpty)
      await #expect(throws: ChunkStoreError.self) {
        _ = try await target.get(fixture.name, range: nil)
      }
    }
  }
}
