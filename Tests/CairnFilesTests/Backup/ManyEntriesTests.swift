import CairnChunks
import CairnCore
import CairnFiles
import SystemPackage
import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Trees that are large in one way or another.
@Suite(.serialized) struct ManyEntriesTests {
  @Test func keepsManyFilesInOneDirectory() async throws {
    let fixture = try await BackupFixture(layout: .standard)
    try fixture.directory.makeDirectory("source")
    let names = 20_000
    for number in 0..<names { try fixture.directory.write("", to: "source/\(number)") }
    let report = try await fixture.backUp()
    #expect(report.files == Int64(names))
    let restored = try await fixture.restore(report.snapshot)
    #expect(restored.files == Int64(names))
    #expect(restored.problems == [])
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
  }

  @Test func keepsManyDirectories() async throws {
    let fixture = try await BackupFixture(layout: .standard)
    try fixture.directory.makeDirectory("source")
    for number in 0..<3000 {
      try fixture.directory.makeDirectory("source/\(number)")
      try fixture.directory.write("\(number)", to: "source/\(number)/file")
    }
    let report = try await fixture.backUp()
    #expect(report.directories == 3001)
    #expect(report.problems == [], "no descriptors are missing")
    let restored = try await fixture.restore(report.snapshot)
    #expect(restored.problems == [])
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
  }

  @Test func keepsADeepChain() async throws {
    let depth = 2000
    let fixture = try await BackupFixture(layout: .standard)
    try fixture.directory.makeDirectory("source")
    try fixture.directory.makeChain(depth, in: "source")
    let report = try await fixture.backUp()
    #expect(report.problems == [])
    #expect(report.directories == Int64(depth + 1))
    #expect(report.files == Int64(depth))
    let restored = try await fixture.restore(report.snapshot)
    #expect(restored.problems == [])
    #expect(restored.directories == report.directories)
    #expect(restored.files == report.files)
    let again = try await fixture.backUp([
      WalkRoot(fixture.destinationPath + "/source")
    ])
    #expect(again.snapshot.entryCount == report.snapshot.entryCount)
    #expect(
      try await again.snapshot.entryCount == fixture.repository.snapshots().first?.entryCount)
  }

  /// Takes a minute or two: set CAIRN_LONG_TESTS to run it.
  @Test(.enabled(if: getenv("CAIRN_LONG_TESTS") != nil))
  func needsLittleMemoryForManyFiles() async throws {
    await #expect(processExitsWith: .success) {
      let fixture = try await BackupFixture(.directory, layout: .standard)
      try fixture.directory.makeDirectory("source")
      for folder in 0..<200 {
        try fixture.directory.makeDirectory("source/\(folder)")
        for number in 0..<1000 {
          try fixture.directory.write("\(folder) \(number)", to: "source/\(folder)/\(number)")
        }
      }
      let before = peakMemory()
      let report = try await fixture.backUp()
      let second = try await fixture.backUp()
      let restored = try await fixture.restore(report.snapshot)
      #expect(report.files == 200_000)
      #expect(second.files == 200_000)
      #expect(restored.files == 200_000)
      #expect(peakMemory() - before < 64 << 20)
    }
  }
}

/// The most memory that this process had so far, in bytes.
private func peakMemory() -> Int {
  var usage = rusage()
  #if canImport(Darwin)
    getrusage(RUSAGE_SELF, &usage)
    return usage.ru_maxrss
  #else
    // An enumeration in one C library and a number in another.
    getrusage(0, &usage)
    return usage.ru_maxrss << 10
  #endif
}
