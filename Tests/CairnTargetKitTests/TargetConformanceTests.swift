import CairnChunks
import CairnTargetKit
import SystemPackage
import Testing

/// The library's own targets keep the contract.
@Suite struct TargetConformanceTests {
  @Test func targetInMemoryConforms() async {
    let report = await TargetConformance { MemoryTarget() }.run()
    #expect(report.isSound, "\(report)")
    #expect(report.checks.count == 26)
    #expect(report.checks.filter { $0.outcome == .passed }.count == 22)
  }

  @Test func targetInADirectoryConforms() async throws {
    try await withTemporaryDirectory { directory in
      var options = TargetConformance.Options(listedNames: 1100)
      options.strangers = .files
      let report = await TargetConformance(options) {
        try DirectoryTarget(directory.appending(.unique()), creating: true)
      } openingAgain: { target in
        try DirectoryTarget(try #require(target as? DirectoryTarget).path)
      }.run()
      #expect(report.isSound, "\(report)")
      #expect(
        report.checks.filter { $0.outcome != .passed }.map(\.promise) == [
          "a refused deletion changes nothing", "a refused put leaves nothing",
        ])
    }
  }

  @Test func onePlaceMayServeAllChecks() async throws {
    let target = MemoryTarget()
    try target.store(BlobName(named: "test/others"), BlobSource([1]))
    let options = TargetConformance.Options(prefix: "test/run-1/", listedNames: 100)
    let report = await TargetConformance(options) { target }.run()
    #expect(report.isSound, "\(report)")
    let left = target.names("", after: nil, limit: 10)
    #expect(left == [BlobInfo(name: BlobName(named: "test/others"), size: 1)])
  }

  @Test func checksAreToldOneByOne() async {
    var promises: [String] = []
    let report = await TargetConformance(.init(listedNames: 10)) { MemoryTarget() }
      .run { promises.append($0.promise) }
    #expect(promises == report.checks.map(\.promise))
  }

  @Test func aTargetThatCannotBeMadeFailsEveryCheck() async {
    let report = await TargetConformance {
      throw ChunkStoreError(.targetFailed, "there is no such place")
    }.run()
    #expect(report.failures.count == report.checks.count)
    #expect("\(report)".contains("no such place"))
  }
}

extension TargetConformance.Strangers {
  /// Files and folders in a directory.
  static let files = TargetConformance.Strangers { target, folder in
    let path = try #require(target as? DirectoryTarget).path.appending(folder)
    for (name, text) in [("Thumbs.DB", "x"), (".hidden", "y"), ("with space", "")] {
      try write(text, to: path.appending(name))
    }
    try makeFolder(path.appending("Folder"))
    try write("z", to: path.appending("Folder/inside"))
  } areThere: { target, folder in
    let path = try #require(target as? DirectoryTarget).path.appending(folder)
    return ["Thumbs.DB", ".hidden", "with space", "Folder/inside"].map {
      text(of: path.appending($0))
    } == ["x", "y", "", "z"]
  }
}
