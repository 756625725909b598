import Foundation
import Testing

/// One of the examples, run as a person runs it.
struct Program {
  /// What a run put out and how it ended.
  struct Run {
    /// The exit status, or the negative number of the signal that ended it.
    let status: Int32
    let output: Data
    let errors: String

    var text: String { String(decoding: output, as: UTF8.self) }
    var lines: [String] {
      text.split(separator: "\n").map(String.init)
    }

    /// The document on standard output.
    func json() throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: output) as? [String: Any])
    }

    /// The documents on standard output, one to a line.
    func jsonLines() throws -> [[String: Any]] {
      try lines.map { line in
        try #require(
          try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      }
    }
  }

  /// A program that was started and may still run.
  final class Process {
    private let process: Foundation.Process
    private let outputFile: String
    private let errorFile: String

    fileprivate init(_ process: Foundation.Process, outputFile: String, errorFile: String) {
      self.process = process
      self.outputFile = outputFile
      self.errorFile = errorFile
    }

    var isRunning: Bool { process.isRunning }
    var identifier: Int32 { process.processIdentifier }

    func send(_ signal: Int32) {
      kill(process.processIdentifier, signal)
    }

    func wait() -> Run {
      process.waitUntilExit()
      defer {
        for file in [outputFile, errorFile] { try? FileManager.default.removeItem(atPath: file) }
      }
      let status = process.terminationStatus
      return Run(
        status: process.terminationReason == .exit ? status : -status,
        output: FileManager.default.contents(atPath: outputFile) ?? Data(),
        errors: String(
          decoding: FileManager.default.contents(atPath: errorFile) ?? Data(), as: UTF8.self))
    }
  }

  /// The executable of the backup example.
  static let backup = path(of: "backup")
  /// The executable of the seal example.
  static let seal = path(of: "seal")
  /// The executable of the fast-import example.
  static let fastImport = path(of: "fast-import")
  /// The executable of the logview example.
  static let logview = path(of: "logview")
  /// The executable of the tree-index example.
  static let treeIndex = path(of: "tree-index")
  /// The executable of the custom-target example.
  static let customTarget = path(of: "custom-target")

  /// The executable of this name, which the build puts beside the tests.
  private static func path(of name: String) -> String {
    let start = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    let bundles = Bundle.allBundles.map(\.bundleURL)
    for var folder in [start] + bundles {
      // On macOS the tests are deep in a bundle that stands beside the program.
      for _ in 0..<5 {
        folder.deleteLastPathComponent()
        let candidate = folder.appending(path: name).path
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
          !isFolder.boolValue
        {
          return candidate
        }
      }
    }
    fatalError("the program \"\(name)\" is not beside the tests; build it first")
  }

  /// Where its own files go, and where it is run.
  let folder: String
  /// What it finds in the environment beside the path.
  var environment: [String: String] = [:]
  /// What is put in front of it, to run it as somebody else.
  var wrapper: [String] = []
  var executable = Program.backup
  /// What it reads from standard input: a file's path, or nothing.
  var input: String?

  func start(_ arguments: [String]) throws -> Process {
    let process = Foundation.Process()
    let command = wrapper + [executable] + arguments
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["--"] + command
    process.currentDirectoryURL = URL(filePath: folder)
    var variables = ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "TZ": "UTC", "LC_ALL": "C"]
    // The Swift runtime may stand in an unusual place.
    variables["LD_LIBRARY_PATH"] = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"]
    process.environment = variables.merging(environment) { $1 }
    // Files rather than pipes, which somebody would have to read meanwhile.
    let name = "\(NSTemporaryDirectory())/cairn-example-\(UUID().uuidString)"
    let files = try ["out", "err"].map { suffix in
      let path = "\(name).\(suffix)"
      try #require(FileManager.default.createFile(atPath: path, contents: nil))
      return (path, try #require(FileHandle(forWritingAtPath: path)))
    }
    process.standardInput =
      try input.map { try #require(FileHandle(forReadingAtPath: $0)) } ?? FileHandle.nullDevice
    process.standardOutput = files[0].1
    process.standardError = files[1].1
    try process.run()
    for file in files { try file.1.close() }
    return Process(process, outputFile: files[0].0, errorFile: files[1].0)
  }

  func run(_ arguments: [String]) throws -> Run {
    try start(arguments).wait()
  }
}
