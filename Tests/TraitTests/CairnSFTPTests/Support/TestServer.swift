import Foundation
import Testing

/// A server on loopback that `Tests/server` runs.
final class TestServer: @unchecked Sendable {
  // Sendable: each is used by the one task of its test.
  let port: Int
  private let kind: String
  private let folder: String
  private var process: pid_t?

  private static let script = URL(filePath: #filePath)
    .resolvingSymlinksInPath().appending(path: "../../../../server").standardizedFileURL.path

  init(_ kind: String, in folder: String) async throws {
    self.kind = kind
    self.folder = folder
    port = try Self.freePort()
    try await start()
  }

  deinit { stop() }

  /// Starts it and waits, as long as a busy machine may need, until it takes connections.
  func start() async throws {
    let deadline = ContinuousClock.now + .seconds(600)
    for _ in 0..<100 where ContinuousClock.now < deadline {
      let process = try #require(spawn(["/bin/bash", Self.script, kind, folder, "\(port)"]))
      self.process = process
      while waitpid(process, nil, WNOHANG) == 0, ContinuousClock.now < deadline {
        if Self.canConnect(port) { return }
        try await Task.sleep(for: .milliseconds(20))
      }
      // It ends at once while what another one left still holds the port.
      try await Task.sleep(for: .milliseconds(100))
    }
    _ = try #require(nil as Void?, "the server \(kind) does not start")
  }

  /// Kills it, and the processes that it has started.
  func stop() {
    guard let process else { return }
    for words in [["pkill", "-KILL", "-P", "\(process)"], ["kill", "-KILL", "\(process)"]] {
      if let killer = spawn(["/usr/bin/env"] + words) { waitpid(killer, nil, 0) }
    }
    waitpid(process, nil, 0)
    self.process = nil
  }

  /// Whether the system's Python has what the FTP server needs.
  static let canServeFTP = succeeds(["/usr/bin/python3", "-c", "import pyftpdlib"])
  /// Whether Python has what the S3 server needs.
  static let canServeS3 = succeeds(["/usr/bin/env", "python3", "-c", "import moto.server"])

  private static func succeeds(_ words: [String]) -> Bool {
    guard let process = spawn(words) else { return false }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    return status == 0
  }

  // MARK: Ports

  private static func withSocket<Result>(
    port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) throws -> Result
  ) throws -> Result {
    #if canImport(Darwin)
      let file = socket(AF_INET, SOCK_STREAM, 0)
    #else
      let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #endif
    try #require(file >= 0)
    defer { close(file) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return try withUnsafePointer(to: &address) {
      try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        try body(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private static func canConnect(_ port: Int) -> Bool {
    (try? withSocket(port: port) { connect($0, $1, $2) == 0 }) == true
  }

  /// A port that nobody listens on, and that the system gives to no connection: it is needed again
  /// when the server comes back.
  private static func freePort() throws -> Int {
    for _ in 0..<1000 {
      let port = Int.random(in: 20_000..<32_000)
      if try withSocket(port: port, { bind($0, $1, $2) == 0 }) { return port }
    }
    return try #require(nil as Int?, "there is no free port")
  }
}

/// Starts a program without a word from it. Foundation's `Process` waits for what inherits its
/// descriptors, which servers do that are started at the same time.
private func spawn(_ words: [String]) -> pid_t? {
  #if canImport(Darwin)
    var actions: posix_spawn_file_actions_t?
  #else
    var actions = posix_spawn_file_actions_t()
  #endif
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  for file: Int32 in 0...2 {
    posix_spawn_file_actions_addopen(&actions, file, "/dev/null", O_RDWR, 0)
  }
  var arguments = words.map { strdup($0) }
  arguments.append(nil)
  defer { for argument in arguments { free(argument) } }
  var environment = ProcessInfo.processInfo.environment.map { strdup("\($0)=\($1)") }
  environment.append(nil)
  defer { for variable in environment { free(variable) } }
  var process = pid_t()
  return posix_spawn(&process, words[0], &actions, nil, arguments, environment) == 0
    ? process : nil
}

/// Whether a program is in the search path, or where system programs are.
func isInstalled(_ program: String) -> Bool {
  let path = ProcessInfo.processInfo.environment["PATH", default: ""]
  return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"]).contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
  }
}
