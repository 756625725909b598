import Foundation
import Testing

/// A repository in a scratch directory, opened by an identity there.
final class Vault {
  let scratch: Scratch
  let program: Program
  /// Where the repository is.
  let repository: String

  init(in parent: String = NSTemporaryDirectory()) throws {
    scratch = try Scratch(in: parent)
    repository = scratch["repository"]
    program = Program(
      folder: scratch.path,
      environment: ["CAIRN_IDENTITY": scratch["identity"], "CAIRN_STATE": scratch["state"]])
    try #require(
      try program.run(["init", repository, "--new-identity", scratch["identity"]]).status == 0)
  }

  /// Runs a command; the repository comes first among its arguments.
  func run(_ command: String, _ arguments: String...) throws -> Program.Run {
    try run(command, arguments)
  }

  func run(_ command: String, _ arguments: [String]) throws -> Program.Run {
    let words = command.split(separator: " ").map(String.init)
    return try program.run(words + [repository] + arguments)
  }

  /// Runs a command that has to succeed without a word.
  @discardableResult
  func expect(
    _ command: String, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Program.Run {
    let run = try run(command, arguments)
    #expect(run.errors == "", sourceLocation: sourceLocation)
    try #require(run.status == 0, sourceLocation: sourceLocation)
    return run
  }

  /// Backs up and returns the report.
  func create(
    _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [String: Any] {
    let run = try run("create", arguments + ["--json"])
    #expect(run.status == 0, "\(run.errors)", sourceLocation: sourceLocation)
    return try run.json()
  }

  /// The blobs of one kind: the first of "packs", "index", "roots", "keys".
  func blobs(_ folder: String) throws -> [String] {
    try scratch.files(below: "repository/\(folder)").map { "\(folder)/\($0)" }
  }

  func bytes(of blob: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: "\(repository)/\(blob)")))
  }

  func setBytes(_ bytes: [UInt8], of blob: String) throws {
    try Data(bytes).write(to: URL(filePath: "\(repository)/\(blob)"))
  }
}
