import Foundation

@testable import CairnS3

/// A server with a certificate that nobody vouches for, which answers each GET with a page: openssl's,
/// in a process of its own, which ends with the test.
final class TLSServer: Sendable {
  let port: Int
  /// The directory of the certificate, which is its own authority.
  private let directory: URL
  private let process: Process

  struct NotThere: Error {}

  /// - Parameter name: for whom the certificate is.
  init(name: String = "IP:127.0.0.1") async throws {
    port = try await RealServer.freePort()
    directory = FileManager.default.temporaryDirectory
      .appending(path: "cairn-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let (key, certificate) = (directory.appending(path: "key"), directory.appending(path: "ca.pem"))
    let making = try Self.start([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-keyout", key.path(), "-out", certificate.path(), "-days", "2", "-subj", "/CN=test",
      "-addext", "subjectAltName=\(name)",
    ])
    making.waitUntilExit()
    guard making.terminationStatus == 0 else { throw NotThere() }
    process = try Self.start([
      "s_server", "-accept", "127.0.0.1:\(port)", "-key", key.path(), "-cert", certificate.path(),
      "-www", "-quiet",
    ])
  }

  deinit {
    process.terminate()
    try? FileManager.default.removeItem(at: directory)
  }

  var endpoint: String { "https://127.0.0.1:\(port)" }
  var certificate: String { directory.appending(path: "ca.pem").path() }

  static let isInstalled: Bool = {
    guard let process = try? start(["version"]) else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  private static func start(_ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }
}
