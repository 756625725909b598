import Foundation
import Testing

/// The seal example in a scratch directory, with a key.
final class Sealer {
  let scratch: Scratch
  let program: Program
  /// The public half of the key in the file "key".
  let recipient: String

  init() throws {
    scratch = try Scratch()
    var program = Program(folder: scratch.path)
    program.executable = Program.seal
    self.program = program
    let run = try program.run(["keygen", "-o", "key"])
    try #require(run.status == 0, "\(run.errors)")
    recipient = try #require(run.errors.split(whereSeparator: \.isWhitespace).last.map(String.init))
  }

  func run(_ arguments: [String], input: String? = nil) throws -> Program.Run {
    var program = program
    program.input = input.map { scratch[$0] }
    return try program.run(arguments)
  }

  /// Runs the program, which has to succeed without a word.
  @discardableResult
  func expect(
    _ arguments: String..., input: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Program.Run {
    let run = try run(arguments, input: input)
    #expect(run.errors == "", sourceLocation: sourceLocation)
    try #require(run.status == 0, sourceLocation: sourceLocation)
    return run
  }

  /// Runs the program, which has to refuse with one line that begins and goes on like this, and
  /// must leave all files as they are.
  func refuse(
    _ arguments: String..., input: String? = nil, says message: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let files = try snapshot()
    let run = try run(arguments, input: input)
    #expect(run.status == 1, "\(arguments)", sourceLocation: sourceLocation)
    #expect(
      run.errors.hasPrefix("seal: ") && run.errors.hasSuffix("\n")
        && run.errors.count { $0.isNewline } == 1 && run.errors.contains(message),
      "\(arguments): \(run.errors)", sourceLocation: sourceLocation)
    #expect(try snapshot() == files, sourceLocation: sourceLocation)
  }

  /// Runs a line of shell, in which `$seal` is the program and `$recipient` the key's public half.
  func shell(_ line: String, environment: [String: String] = [:]) throws -> Program.Run {
    var shell = Program(folder: scratch.path)
    shell.executable = "/bin/sh"
    shell.environment = environment.merging(["seal": Program.seal, "recipient": recipient]) { $1 }
    return try shell.run(["-c", line])
  }

  /// Runs another command, which has to succeed.
  @discardableResult
  func tool(
    _ name: String, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Program.Run {
    var tool = Program(folder: scratch.path)
    tool.executable = name
    let run = try tool.run(arguments)
    try #require(run.status == 0, "\(name): \(run.errors)", sourceLocation: sourceLocation)
    return run
  }

  func bytes(of name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: scratch[name])))
  }

  /// What the program may not change when it fails: the names and contents of all files.
  private func snapshot() throws -> [String: [UInt8]] {
    let names = try scratch.files(below: ".")
    return try Dictionary(uniqueKeysWithValues: names.map { ($0, try bytes(of: $0)) })
  }

  /// Whether a command is there to be compared with.
  static func has(_ commands: String...) -> Bool {
    commands.allSatisfy { command in
      ["/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin"].contains { folder in
        FileManager.default.isExecutableFile(atPath: "\(folder)/\(command)")
      }
    }
  }
}
