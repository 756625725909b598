import Foundation

/// A program on this machine.
struct Command: Sendable {
  struct Failure: Error {
    let command: String
    let status: Int32
    let output: String
  }

  let path: String

  /// The program of this name in the search path, if there is one.
  init?(_ name: String) {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    let candidates = folders.map { "\($0)/\(name)" }
    guard let path = candidates.first(where: FileManager.default.isExecutableFile(atPath:)) else {
      return nil
    }
    self.path = path
  }

  /// Runs the program, and returns its standard output.
  ///
  /// - Parameter searchPath: A folder to look for programs in before all others.
  @discardableResult
  func run(
    _ arguments: String..., input: [UInt8] = [], searchPath: String? = nil
  ) throws -> [UInt8] {
    try run(arguments, input: input, searchPath: searchPath)
  }

  /// Runs the program, and returns its standard output.
  @discardableResult
  func run(
    _ arguments: [String], input: [UInt8] = [], searchPath: String? = nil
  ) throws -> [UInt8] {
    let process = Process()
    if let searchPath {
      var environment = ProcessInfo.processInfo.environment
      environment["PATH"] = "\(searchPath):\(environment["PATH"] ?? "")"
      process.environment = environment
    }
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    let (standardInput, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = standardInput
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Inputs here are passphrases, far below what a pipe holds.
    standardInput.fileHandleForWriting.write(Data(input))
    try standardInput.fileHandleForWriting.close()
    let result = Array(output.fileHandleForReading.readDataToEndOfFile())
    let message = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(
        command: ([path] + arguments).joined(separator: " "), status: process.terminationStatus,
        output: String(decoding: result + message, as: UTF8.self))
    }
    return result
  }
}
