import CairnChunks
import CairnFiles
import Testing

/// Restores from targets that answer late, which is what the library takes all for that are not
/// `LocalTarget`s.
@Suite struct FarRestoreTests {
  /// Files of every size, some of which share content with others far from them.
  private func makeFiles(_ fixture: BackupFixture) throws {
    var random = Seeded(81)
    try fixture.directory.makeDirectory("source")
    var earlier: [[UInt8]] = []
    for number in 0..<120 {
      let sizes = [0...300, 2_000...20_000, 50_000...300_000]
      var bytes = content(.random(in: sizes[number % 3], using: &random), &random)
      if number % 5 == 4, let old = earlier.randomElement(using: &random) { bytes += old }
      earlier.append(bytes)
      try fixture.directory.write(bytes, to: "source/\(number * 37 % 120)")
    }
    try fixture.directory.write(content(9_000_000, &random), to: "source/large")
  }

  private func content(_ count: Int, _ random: inout Seeded) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes += $0 } }
    return Array(bytes.prefix(count))
  }

  @Test func readsWhatItNeedsOnce() async throws {
    let fixture = try await BackupFixture()
    try makeFiles(fixture)
    let snapshot = try await fixture.backUp().snapshot
    let far = FailingTarget(fixture.target)
    let repository = try await Repository.open(on: far, with: [fixture.identity])
    let report = try await fixture.restore(snapshot, from: repository)
    #expect(report.problems == [])
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
    var packs: Int64 = 0
    try await fixture.target.forEachBlob("packs/") { packs += $0.size }
    #expect(packs > 15_000_000)
    #expect(Double(far.packBytes) < 1.2 * Double(packs), "\(far.packBytes) of \(packs) bytes")
  }

  @Test func reportsDamageAsAnyOther() async throws {
    let fixture = try await BackupFixture()
    try makeFiles(fixture)
    let snapshot = try await fixture.backUp().snapshot
    func problems(of target: any Target) async throws -> [String] {
      let repository = try await Repository.open(on: target, with: [fixture.identity])
      let destination = try TemporaryDirectory(inMemory: true)
      let report = try await Restore(snapshot, from: repository).run(to: destination.filePath)
      return report.problems.map { "\($0.path): \($0.message)" }.sorted()
    }
    var compared = 0
    for pack in try await fixture.packs().prefix(20) where compared < 3 {
      let stored = try await fixture.target.get(pack, range: nil)
      var damaged = stored
      damaged[stored.count / 3] ^= 1
      for bytes in [damaged, stored] {
        try await fixture.target.delete(pack)
        try await fixture.target.put(pack, BlobSource(bytes))
        guard bytes == damaged else { continue }
        // The top of the tree may be in it.
        guard let near = try? await problems(of: fixture.target) else { continue }
        #expect(!near.isEmpty)
        #expect(try await problems(of: FailingTarget(fixture.target)) == near)
        compared += 1
      }
    }
    #expect(compared == 3)
  }
}
