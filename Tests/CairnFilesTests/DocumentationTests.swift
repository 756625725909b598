import CairnChunks
import CairnCore
import CairnCrypto
import CairnFiles
import SystemPackage
import Testing

@Suite struct DocumentationTests {
  /// The program of CairnFiles.md, line by line.
  private func firstProgram(
    _ repositoryPath: FilePath, _ lettersPath: String, _ destinationPath: FilePath
  ) async throws {
    // Once: a repository, and the key that opens it.
    let identity = try X25519Identity.generate()
    let target = try DirectoryTarget(repositoryPath, creating: true)
    let repository = try await Repository.create(on: target, for: [identity.recipient])

    // As often as you like: what did not change since the last time is not read.
    let backup = Backup(into: repository, BackupOptions(name: "letters"))
    let report = try await backup.run([WalkRoot(lettersPath)])
    for problem in report.problems { print(problem.path, problem.message) }

    // Later: find it, look into it, bring it back.
    let snapshot = try await repository.snapshot("letters")
    let tree = SnapshotTree(snapshot, in: repository)
    for entry in try await tree.children(of: SnapshotEntry.key(ofPath: "letters")) {
      print(entry.path, entry.metadata.size)
    }
    let restored = try await Restore(snapshot, from: repository).run(to: destinationPath)
    for problem in restored.problems { print(problem.path, problem.message) }
  }

  @Test func firstProgramWorks() async throws {
    let directory = try TemporaryDirectory()
    try directory.makeDirectory("letters")
    try directory.write("Dear Alice", to: "letters/to Alice")
    let path = directory.filePath
    try await firstProgram(
      path.appending("repository"), path.appending("letters").string, path.appending("restored"))
    #expect(try directory.read("restored/letters/to Alice") == "Dear Alice")
  }

  /// The program about repair of CairnChunks.md, and what CairnFiles.md adds to it, line by line.
  private func repairProgram(
    _ repository: Repository, _ mirrorPath: FilePath, _ lettersPath: String
  ) async throws -> (FileRecovery, plan: RepairPlan) {
    func repair() async throws -> RepairPlan {
      let found = try await repository.verify(VerifyOptions(.data))
      let options = RepairOptions(copies: [try DirectoryTarget(mirrorPath)])
      let plan = try await repository.planRepair(after: found, options)
      for root in plan.hurtRoots { print(root.name, root.lostChunks) }
      let repaired = try await repository.repair(plan, options)
      #expect(repaired.condemnedPacks.isEmpty)
      return plan
    }
    let plan = try await repair()
    let found = try await repository.verify()
    let damaged = try await repository.damagedSnapshots(by: found)
    let recovery = try await repository.recoverFiles(of: damaged, from: [WalkRoot(lettersPath)])
    return (recovery, plan)
  }

  @Test func repairProgramWorks() async throws {
    let fixture = try await BackupFixture(.directory)
    try fixture.directory.makeDirectory("source")
    var random = Seeded(83)
    try fixture.directory.write(random.bytes(2000...2000), to: "source/letter")
    try await fixture.backUp()
    let path = FilePath(fixture.directory.path + "/target")
    let (recovery, plan) = try await repairProgram(
      try await fixture.reopened(), path, fixture.sourcePath)
    #expect(plan.isEmpty && recovery == FileRecovery())
  }

  @Test func repairProgramIsTheOneThatIsTested() throws {
    let tested = Set(try lines(of: "DocumentationTests.swift"))
    for (page, start) in [
      ("CairnChunks/CairnChunks.docc/CairnChunks.md", "let options = RepairOptions"),
      ("CairnFiles/CairnFiles.docc/CairnFiles.md", "let damaged ="),
    ] {
      let programs = try lines(of: "../../Sources/" + page).split(separator: "```swift").dropFirst()
        .map { $0.prefix { $0 != "```" } }
      let program = try #require(programs.first { $0.contains { $0.hasPrefix(start) } })
      let lines = program.map { $0.replacing("\"/mnt/mirror\"", with: "mirrorPath") }
      #expect(lines.filter { !tested.contains($0) } == [])
    }
  }

  @Test func firstProgramIsTheOneThatIsTested() throws {
    let page = try lines(of: "../../Sources/CairnFiles/CairnFiles.docc/CairnFiles.md")
    let tested = Set(try lines(of: "DocumentationTests.swift"))
    let program = page.split(separator: "```swift")[1].prefix { $0 != "```" }
    #expect(program.count > 15)
    #expect(program.filter { !tested.contains($0) } == [])
  }

  /// The lines of a file beside this one, without the white space around them.
  private func lines(of name: String) throws -> [String] {
    let folder = FilePath(#filePath).removingLastComponent()
    let file = try FileDescriptor.open(folder.appending(name), .readOnly)
    defer { try? file.close() }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = try bytes.withUnsafeMutableBytes { try file.readFully(into: $0) }
    return String(decoding: bytes[..<count], as: UTF8.self)
      .split(separator: "\n").map { $0.drop { $0 == " " }.description }
  }
}
