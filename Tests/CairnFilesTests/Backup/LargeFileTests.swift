import CairnChunks
import CairnCore
import CairnFiles
import SystemPackage
import Testing

/// Files that are stored and restored by several threads, and those with holes.
@Suite struct LargeFileTests {
  private static let mebibyte = 1 << 20

  @Test func keepsFilesOfSizesAroundTheBorders() async throws {
    let fixture = try await BackupFixture(layout: .standard)
    try fixture.directory.makeDirectory("source")
    var random = Seeded(41)
    let mebibytes = [1, 2, 8, 9].map { $0 * Self.mebibyte }
    let borders = mebibytes + [512, 64 << 10, 256 << 10]
    let bytes = random.bytes((9 * Self.mebibyte + 1)...(9 * Self.mebibyte + 1))
    for size in borders.flatMap({ [$0 - 1, $0, $0 + 1] }) {
      try fixture.directory.write(Array(bytes[..<size]), to: "source/\(size)")
    }
    let report = try await fixture.backUp()
    #expect(report.problems == [])
    #expect(report.readBytes == report.bytes)
    #expect(try await fixture.restore(report.snapshot).problems == [])
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
  }

  struct Sparse: Sendable {
    var size: Int64
    /// Where there are 64 KiB of data.
    var data: [Int64]
  }

  @Test(arguments: [
    Sparse(size: 20 << 20, data: [0]), Sparse(size: 20 << 20, data: [10 << 20]),
    Sparse(size: 20 << 20, data: [20 << 20 - 64 << 10]), Sparse(size: 20 << 20, data: []),
    Sparse(size: 20 << 20, data: [1 << 20, 5 << 20, 15 << 20]),
    Sparse(size: 2 << 20, data: [1 << 20]), Sparse(size: 2 << 20, data: []),
    Sparse(size: 1 << 20, data: [0]),
  ])
  func keepsHoles(file: Sparse) async throws {
    let fixture = try await BackupFixture(layout: .standard)
    try fixture.directory.makeDirectory("source")
    var random = Seeded(UInt64(file.size) + UInt64(file.data.count))
    try fixture.directory.write([UInt8](), to: "source/file", size: file.size)
    for offset in file.data {
      try fixture.directory.write(
        random.bytes((64 << 10)...(64 << 10)), to: "source/file", at: offset, size: file.size)
    }
    let report = try await fixture.backUp()
    #expect(report.readBytes == Int64(file.data.count) * 64 << 10)
    #expect(try await fixture.restore(report.snapshot).problems == [])
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
    let blocks = try fixture.directory.status("source/file").blocks
    #expect(try fixture.directory.status("dest/source/file").blocks <= blocks + 16)
  }

  /// Reading the zeros would take hours.
  @Test(.timeLimit(.minutes(20))) func takesNoTimeForATerabyteOfNothing() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    try fixture.directory.write([UInt8](), to: "source/file", size: 1 << 40)
    let report = try await fixture.backUp()
    #expect(report.bytes == 1 << 40)
    #expect(report.readBytes == 0)
    let restored = try await fixture.restore(report.snapshot)
    #expect(restored.bytes == 1 << 40)
    let status = try fixture.directory.status("dest/source/file")
    #expect(status.size == 1 << 40)
    #expect(status.blocks < 100)
  }
}
