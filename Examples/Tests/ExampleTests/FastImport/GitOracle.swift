import CairnChunks
import CairnCore
import CairnCrypto
import Foundation
import SystemPackage
import Testing

@testable import FastImport

/// Imports streams with git, and with this program, in folders of its own.
final class GitOracle {
  let scratch: Scratch
  private var count = 0

  init() throws {
    scratch = try Scratch()
  }

  /// Runs git with a file as its input.
  ///
  /// - Returns: its exit status, and what it wrote to standard output.
  func git(
    _ arguments: [String], input: String? = nil, folder: String
  ) throws -> (status: Int32, output: [UInt8]) {
    try run(["git"] + arguments, input: input, folder: folder)
  }

  private func run(
    _ command: [String], input: String?, folder: String
  ) throws -> (status: Int32, output: [UInt8]) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.currentDirectoryURL = URL(filePath: scratch[folder])
    process.environment = [
      "PATH": "/usr/bin:/bin", "HOME": scratch.path, "GIT_CONFIG_NOSYSTEM": "1", "TZ": "UTC",
      "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.ignorecase",
      "GIT_CONFIG_VALUE_0": "false",
    ]
    let output = scratch["output"]
    try #require(FileManager.default.createFile(atPath: output, contents: nil))
    process.standardInput =
      try input.map { try #require(FileHandle(forReadingAtPath: scratch[$0])) }
      ?? FileHandle.nullDevice
    let outputFile = try #require(FileHandle(forWritingAtPath: output))
    process.standardOutput = outputFile
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, Array(try Data(contentsOf: URL(filePath: output))))
  }

  /// What an import of a stream came to.
  struct Outcome {
    let status: Int32
    /// Lines of id, kind and name.
    let refs: [String]
    let replies: [UInt8]
    /// What was written to standard error.
    let errors: String
    /// Where the repository is.
    let folder: String
  }

  private func newFolder() throws -> String {
    count += 1
    let folder = "repository \(count)"
    try scratch.makeDirectory(folder)
    return folder
  }

  /// What git makes of a stream, in a new repository unless there is one.
  ///
  /// - Parameter cpuLimit: seconds of processor time, after which git is ended.
  func gitImport(
    _ stream: [UInt8], _ arguments: [String] = [], in existing: String? = nil, cpuLimit: Int = 600
  ) throws -> Outcome {
    let folder = try existing ?? newFolder()
    try scratch.write(stream, to: "stream")
    let prepare = existing == nil ? "git init --bare -q . && " : ""
    // A stream that ends within a "merge" has git fill all memory.
    let limits = "ulimit -t \(cpuLimit); ulimit -v 2000000 2>/dev/null; "
    let script = #"exec git fast-import --quiet "$@") 2>../errors; s=$?; "#
    let result = try run(
      ["sh", "-c", prepare + "(" + limits + script + "git for-each-ref >../refs; exit $s", "sh"]
        + arguments, input: "stream", folder: folder)
    let refs = try scratch.read("refs")
    return Outcome(
      status: result.status,
      refs: refs.split(separator: "\n").map { String($0).replacing("\t", with: " ") },
      replies: result.output, errors: try scratch.read("errors"), folder: folder)
  }

  /// What this program makes of a stream, and of others after it in the same repository.
  struct Import {
    var error: ImportError?
    var report: ImportReport?
    var repository: Repository
    var replies: [UInt8]

    /// Whether git would end with that status.
    var status: Int32 { error != nil ? 128 : report?.refusals.isEmpty == false ? 1 : 0 }
  }

  func importStream(
    _ stream: [UInt8], _ arguments: [String] = [], into existing: Repository? = nil,
    changeLimit: Int? = nil, warn: (@Sendable (String) -> Void)? = nil
  ) async throws -> Import {
    let repository: Repository
    if let existing {
      repository = existing
    } else {
      repository = try await Repository.create(
        on: MemoryTarget(), for: [try X25519Identity.generate().recipient], layout: .histories)
    }
    try scratch.write(stream, to: "stream")
    let input = try FileDescriptor.open(FilePath(scratch["stream"]), .readOnly)
    defer { try? input.close() }
    let output = try FileDescriptor.open(
      FilePath(scratch["replies"]), .writeOnly, options: [.create, .truncate],
      permissions: .ownerReadWrite)
    defer { try? output.close() }
    let previous = try await repository.roots().last
    let session = try await repository.startSession(
      SessionOptions(spoolDirectory: FilePath(scratch.path), workerCount: 1))
    var options = ImportOptions(folder: FilePath(scratch.path))
    options.replies = output
    options.progress = output
    if let changeLimit { options.changeLimit = changeLimit }
    if let warn { options.warn = warn }
    let chosen = options
    let folder = FilePath(scratch.path)
    var result = Import(repository: repository, replies: [])
    do {
      result.report = try await session.withBlockingSession { session in
        try Importer(
          input, into: session, options: chosen, arguments: arguments, name: "test",
          previous: previous?.chunk, temporaryFolder: folder
        ).run()
      }
    } catch let error as ImportError {
      result.error = error
    }
    result.replies = Array(try Data(contentsOf: URL(filePath: scratch["replies"])))
    return result
  }

  /// The stream of what a repository holds, from the newest snapshot.
  func export(_ repository: Repository) async throws -> [UInt8] {
    let root = try #require(try await repository.roots().last)
    let output = try FileDescriptor.open(
      FilePath(scratch["exported"]), .writeOnly, options: [.create, .truncate],
      permissions: .ownerReadWrite)
    defer { try? output.close() }
    try await repository.withBlockingReader { reader in
      try Exporter(reader, to: output).export(root.chunk)
    }
    return Array(try Data(contentsOf: URL(filePath: scratch["exported"])))
  }

  /// The refs of the newest snapshot, as git lists them.
  func refs(_ repository: Repository) async throws -> [String] {
    guard let root = try await repository.roots().last else { return [] }
    return try await repository.withBlockingReader { reader in
      try Browser(reader, snapshot: root.chunk).refs().map {
        "\($0.id) \($0.kind.name) \(String(decoding: $0.name, as: UTF8.self))"
      }
    }
  }

  /// Expects that both make the same of a stream, and that git makes the same of what this program
  /// exports.
  func expectSame(
    _ stream: [UInt8], _ arguments: [String] = [], _ comment: Comment? = nil,
    changeLimit: Int? = nil, location: SourceLocation = #_sourceLocation
  ) async throws {
    try await expectSame(
      series: [stream], arguments, comment, changeLimit: changeLimit, location: location)
  }

  /// Expects the same of streams that follow one another into the same repository.
  func expectSame(
    series streams: [[UInt8]], _ arguments: [String] = [], _ comment: Comment? = nil,
    changeLimit: Int? = nil, location: SourceLocation = #_sourceLocation
  ) async throws {
    var folder: String?
    var last: (ours: Import, theirs: Outcome)?
    for stream in streams {
      let theirs = try gitImport(stream, arguments, in: folder)
      let ours = try await importStream(
        stream, arguments, into: last?.ours.repository, changeLimit: changeLimit)
      #expect(
        ours.status == theirs.status,
        "\(comment?.rawValue ?? "") \(ours.error?.report ?? "") \(ours.report?.refusals ?? [])",
        sourceLocation: location)
      #expect(try await refs(ours.repository) == theirs.refs, comment, sourceLocation: location)
      #expect(
        String(decoding: ours.replies, as: UTF8.self)
          == String(decoding: theirs.replies, as: UTF8.self), comment, sourceLocation: location)
      folder = theirs.folder
      last = (ours, theirs)
    }
    guard let (ours, theirs) = last, ours.error == nil, !theirs.refs.isEmpty else { return }
    let report = try await ours.repository.verify(VerifyOptions())
    #expect(report.isSound, comment, sourceLocation: location)
    let again = try gitImport(try await export(ours.repository))
    #expect(again.status == 0, comment, sourceLocation: location)
    #expect(again.refs == theirs.refs, comment, sourceLocation: location)
  }

  func expectSame(
    _ stream: String, _ arguments: [String] = [], _ comment: Comment? = nil,
    location: SourceLocation = #_sourceLocation
  ) async throws {
    try await expectSame(Array(stream.utf8), arguments, comment, location: location)
  }
}

/// A stream, command by command.
struct StreamBuilder {
  var bytes: [UInt8] = []
  private(set) var time = 1_112_912_000

  mutating func line(_ text: String) { bytes += Array(text.utf8) + [10] }

  mutating func data(_ text: String) { data(Array(text.utf8)) }

  mutating func data(_ content: [UInt8]) {
    line("data \(content.count)")
    bytes += content + [10]
  }

  mutating func blob(_ mark: Int, _ text: String) {
    line("blob")
    line("mark :\(mark)")
    data(text)
  }

  /// Everything of a commit but its changes.
  mutating func commit(
    _ ref: String, mark: Int? = nil, from: String? = nil, merge: [String] = [],
    message: String = "a message\n"
  ) {
    line("commit \(ref)")
    if let mark { line("mark :\(mark)") }
    time += 60
    line("author A U Thor <author@example.com> \(time) +0100")
    line("committer C O Mitter <committer@example.com> \(time + 1) -0200")
    data(message)
    if let from { line("from \(from)") }
    for other in merge { line("merge \(other)") }
  }

  mutating func file(_ path: String, _ text: String, mode: String = "100644") {
    line("M \(mode) inline \(path)")
    data(text)
  }
}

/// The stream that `build` makes.
func makeStream(_ build: (inout StreamBuilder) -> Void) -> [UInt8] {
  var builder = StreamBuilder()
  build(&builder)
  return builder.bytes
}
