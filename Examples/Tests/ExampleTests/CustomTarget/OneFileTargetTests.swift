import CairnChunks
import CairnTargetKit
import CairnTree
import Foundation
import OneFileTarget
import SystemPackage
import Testing

@Suite struct OneFileTargetTests {
  private let scratch: Scratch

  init() throws {
    // Checkpoints wait for a disk.
    scratch = try Scratch(in: Ability.memoryFolder)
  }

  private func name(_ text: String) throws -> BlobName { try #require(BlobName(text)) }

  @Test func itConforms() async throws {
    let path = scratch.path
    let report = await TargetConformance(.init(listedNames: 500)) {
      try OneFileTarget(FilePath("\(path)/\(UUID().uuidString)"))
    }.run()
    #expect(report.isSound, "\(report)")
  }

  @Test func whoReadsBesideItSeesTheSame() async throws {
    let path = FilePath(scratch["read"])
    let writer = try OneFileTarget(path)
    // The first checkpoint makes it a file that can be read.
    try writer.store(try name("other"), BlobSource([1]))
    let report = await TargetConformance(.init(prefix: "test/", listedNames: 100)) {
      writer
    } readingThrough: { _ in
      try OneFileTarget(path, isReadOnly: true)
    }.run()
    #expect(report.isSound, "\(report)")
  }

  @Test func oneProcessWrites() throws {
    let path = FilePath(scratch["busy"])
    let first = try OneFileTarget(path)
    let error = #expect(throws: ChunkStoreError.self) { try OneFileTarget(path) }
    #expect(error?.isTemporary == true && "\(error!)".contains(scratch["busy"]), "\(error!)")
    withExtendedLifetime(first) {}
  }

  @Test func somethingElseIsNotOpened() throws {
    try scratch.write(String(repeating: "no trees here\n", count: 2000), to: "text")
    let error = #expect(throws: ChunkStoreError.self) {
      try OneFileTarget(FilePath(scratch["text"]))
    }
    #expect(error?.code == .targetFailed)
  }

  @Test func roomIsUsedAgainAndGivenBack() throws {
    let target = try OneFileTarget(FilePath(scratch["file"]))
    func size() throws -> Int {
      try #require(
        FileManager.default.attributesOfItem(atPath: scratch["file"])[.size] as? Int)
    }
    for number in 0..<20 {
      try target.store(
        try name("blob-\(number)"), BlobSource([UInt8](repeating: 7, count: 200_000)))
    }
    #expect(try target.total() == (20, 4_000_000))
    let full = try size()
    for round in 0..<5 {
      for number in 0..<19 { try target.remove(try name("blob-\(number)")) }
      for number in 0..<19 {
        try target.store(
          try name("blob-\(number)"),
          BlobSource([UInt8](repeating: UInt8(round), count: 200_000)))
      }
    }
    #expect(try size() < full * 2)
    for number in 0..<19 where number % 2 == 0 {
      try target.remove(try name("blob-\(number)"))
    }
    let freed = try target.compact()
    #expect(freed > 1_500_000, "\(freed) of \(full)")
    #expect(try size() < 3_000_000)
    #expect(try target.load(try name("blob-19"), range: nil).count == 200_000)
  }

  /// Whatever a power cut leaves of a put and a deletion, what was there before is there, and of the
  /// rest each blob is whole or not at all.
  @Test func aPowerCutLosesNothing() throws {
    let bytes = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
    let (kept, gone, new) = (try name("kept"), try name("gone"), try name("new"))
    var cut = 0
    while true {
      let storage = SimulatedStorage()
      let target = try OneFileTarget(on: storage, name: "simulated")
      try target.store(kept, BlobSource(bytes))
      try target.store(gone, BlobSource([1]))
      storage.fail(atChange: cut, forever: true)
      var isDone = false
      do {
        try target.store(new, BlobSource(bytes))
        try target.remove(gone)
        isDone = true
      } catch {
        #expect(error.code == .targetFailed, "\(error)")
      }
      try storage.forEachPowerCut(limit: 12) { left in
        let again = try OneFileTarget(on: SimulatedStorage(left), name: "left")
        #expect(try again.load(kept, range: nil) == bytes)
        let size = try again.findSize(of: new)
        #expect(size == nil || size == 150_000, "cut \(cut)")
        if size != nil { #expect(try again.load(new, range: nil) == bytes) }
        if isDone { #expect(try again.names("", after: nil, limit: 9).map(\.name) == [kept, new]) }
      }
      if isDone { break }
      cut += 1
    }
    #expect(cut >= 4)
  }

  @Test func theProgramConformsAndKeepsARepository() throws {
    let program = Program(folder: scratch.path, executable: Program.customTarget)
    let conformance = try program.run(["conformance", "examined"])
    #expect(conformance.status == 0, "\(conformance.text)\(conformance.errors)")
    #expect(conformance.lines.count { $0.hasPrefix("passed") } == 22, "\(conformance.text)")

    try scratch.write(Array(repeating: UInt8(7), count: 300_000), to: "data")
    try scratch.write("words", to: "text")
    for (name, file) in [("first", "data"), ("second", "text")] {
      let run = try program.run(["backup", "repository", name, file])
      #expect(run.status == 0, "\(run.errors)")
    }
    #expect(try program.run(["list", "repository"]).lines == ["first", "second"])
    #expect(
      try program.run(["restore", "repository", "first"]).output
        == Data(repeating: 7, count: 300_000))
    #expect(try program.run(["restore", "repository", "second"]).text == "words")
    #expect(try program.run(["compact", "repository"]).status == 0)
    #expect(try program.run(["restore", "repository", "second"]).text == "words")

    let missing = try program.run(["restore", "repository", "third"])
    #expect(missing.status == 1 && missing.errors.contains("third"), "\(missing.errors)")
    #expect(try program.run(["nonsense"]).status == 2)
  }
}
