import CairnCore
import CairnCrypto
import Testing

@testable import CairnChunks

/// Another target, whose listings say that every blob of a folder has the same size.
private struct LyingTarget: LocalTarget {
  let base: MemoryTarget
  let folder: String
  let size: Int64

  var name: String { base.name }

  func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    try base.store(name, source)
  }

  func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
    try base.load(name, range: range)
  }

  func findSize(of name: BlobName) -> Int64? {
    base.findSize(of: name).map { name.description.hasPrefix(folder) ? size : $0 }
  }

  func names(_ prefix: String, after: BlobName?, limit: Int) -> [BlobInfo] {
    base.names(prefix, after: after, limit: limit).map { blob in
      blob.name.description.hasPrefix(folder) ? BlobInfo(name: blob.name, size: size) : blob
    }
  }

  func remove(_ name: BlobName) { base.remove(name) }
}

/// What a target's listing says of a blob's size may be anything.
@Suite struct ListedSizeTests {
  static let sizes: [Int64] = [0, 1, 1 << 31, 1 << 62, .max]

  /// A copy of the sample, so that a test may change it.
  private func copy(without folder: String? = nil) async throws -> MemoryTarget {
    let sample = try await SampleRepository.shared.value
    let target = MemoryTarget()
    for blob in sample.blobs where folder.map(blob.name.description.hasPrefix) != true {
      try await target.put(blob.name, BlobSource(try await sample.target.get(blob.name)))
    }
    return target
  }

  private func packs(on target: MemoryTarget) -> Set<String> {
    Set(target.names("packs/", after: nil, limit: 100).map(\.name.description))
  }

  @Test(arguments: sizes) func namesAreVerified(size: Int64) async throws {
    let target = try await copy()
    for folder in ["packs/", "index/", "roots/"] {
      let report = try await Repository.verifyNames(
        on: LyingTarget(base: target, folder: folder, size: size))
      let expected = Set(target.names(folder, after: nil, limit: 100).map(\.name.description))
      #expect(Set(report.problems.compactMap(\.blob)) == expected, "\(folder)")
    }
  }

  @Test(arguments: sizes) func allIsVerified(size: Int64) async throws {
    let target = try await copy()
    let lying = LyingTarget(base: target, folder: "packs/", size: size)
    let report = try await Repository.open(on: lying).verify(VerifyOptions(.data))
    #expect(Set(report.problems.compactMap(\.blob)) == packs(on: target))
  }

  /// Then packs tell of themselves what is in them, and they are found by their ends.
  @Test(arguments: sizes) func packsOutsideTheIndexAreVerified(size: Int64) async throws {
    let target = try await copy(without: "index/")
    let lying = LyingTarget(base: target, folder: "packs/", size: size)
    let report = try await Repository.open(on: lying).verify()
    #expect(Set(report.problems.compactMap(\.blob)).isSuperset(of: packs(on: target)))
  }

  @Test(arguments: sizes) func aCollectionIsPlanned(size: Int64) async throws {
    let target = try await copy()
    let lying = LyingTarget(base: target, folder: "packs/", size: size)
    let plan = try await Repository.open(on: lying).planCollection()
    #expect(plan.packs == 2 && plan.deadPacks.isEmpty)
    #expect(plan.bytes == 2 * min(size, 1 << 31))
  }
}
