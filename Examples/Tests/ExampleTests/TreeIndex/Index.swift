import Foundation
import Testing

/// An index in a scratch directory, and the program that keeps it.
final class Index {
  let scratch: Scratch
  var program: Program
  /// The index's file.
  let file = "index"

  init() throws {
    // Checkpoints wait for a disk.
    scratch = try Scratch(in: Ability.memoryFolder)
    program = Program(folder: scratch.path, executable: Program.treeIndex)
  }

  /// Runs a command; the index comes first among its arguments.
  func run(_ command: String, _ arguments: String...) throws -> Program.Run {
    try program.run([command, file] + arguments)
  }

  /// Runs a command that has to succeed without a word, and returns what it puts out.
  @discardableResult
  func ask(
    _ command: String, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    let run = try program.run([command, file] + arguments)
    #expect(run.errors == "", sourceLocation: sourceLocation)
    #expect(run.status == 0, sourceLocation: sourceLocation)
    return run.text
  }

  /// Runs a command that has to end with this status and to say these words.
  func expect(
    _ status: Int32, _ words: String, _ command: String, _ arguments: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let run = try program.run([command, file] + arguments)
    #expect(run.status == status, "\(run.errors)", sourceLocation: sourceLocation)
    #expect(run.errors.contains(words), "\(run.errors)", sourceLocation: sourceLocation)
  }

  /// Loads lines through standard input.
  @discardableResult
  func load(_ bytes: [UInt8], _ arguments: String...) throws -> Program.Run {
    try scratch.write(bytes, to: "input")
    program.input = scratch["input"]
    defer { program.input = nil }
    return try program.run(["load", file, "-"] + arguments)
  }

  func load(_ text: String, _ arguments: String...) throws -> Program.Run {
    try scratch.write(text, to: "input")
    return try program.run(["load", file, "input"] + arguments)
  }

  /// Runs a line of the shell in the scratch directory, and returns what it puts out.
  func shell(_ line: String) throws -> Data {
    var shell = program
    shell.executable = "/bin/sh"
    let run = try shell.run(["-c", line])
    try #require(run.status == 0, "\(run.errors)")
    return run.output
  }
}

/// `CAIRN_LONG_TESTS=1` asks for large indexes; without it tests take seconds.
let runsLongTests = ProcessInfo.processInfo.environment["CAIRN_LONG_TESTS"] == "1"
