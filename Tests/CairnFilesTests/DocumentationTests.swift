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
