import CairnCrypto
import Foundation
import NIOCore
import NIOPosix

@testable import CairnS3

/// A real S3 server on loopback, in a process of its own, which ends with the test.
final class RealServer: Sendable {
  enum Kind: Sendable {
    /// Of PyPI; in memory.
    case moto
    /// OpenStack's, of Debian; on disk.
    case swift

    /// - Parameter folder: of its own.
    fileprivate func command(port: Int, _ folder: URL) -> [String] {
      switch self {
      case .moto: ["python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)]
      case .swift: [Self.swiftScript, folder.path, String(port)]
      }
    }

    fileprivate var credentials: S3Credentials {
      switch self {
      case .moto: .ofTests
      case .swift:
        S3Credentials(
          accessKeyID: "test:tester", secretAccessKey: SecretBytes(utf8: "testing"))
      }
    }

    private static let swiftScript = URL(filePath: #filePath)
      .resolvingSymlinksInPath().appending(path: "../../../../swift-server").standardizedFileURL
      .path

    /// Whether Python has what it takes.
    static let hasMoto = succeeds(["python3", "-c", "import moto.server"])
    static let hasSwift = succeeds([swiftScript, "--check"])

    private static func succeeds(_ words: [String]) -> Bool {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = words
      process.standardError = FileHandle.nullDevice
      guard (try? process.run()) != nil else { return false }
      process.waitUntilExit()
      return process.terminationStatus == 0
    }
  }

  let kind: Kind
  let port: Int
  private let folder: URL
  private let process: Process

  struct NotThere: Error, CustomStringConvertible {
    let description: String
  }

  init(_ kind: Kind = .moto) async throws {
    self.kind = kind
    port = try await Self.freePort()
    folder = FileManager.default.temporaryDirectory.appending(path: "cairn-s3-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = kind.command(port: port, folder)
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    self.process = process
    for _ in 0..<3000 {
      guard process.isRunning else { throw NotThere(description: "\(kind) does not start") }
      if (try? await createBucket("bucket")) != nil { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw NotThere(description: "\(kind) does not answer")
  }

  deinit {
    // Not SIGTERM: a child begins with the signals blocked that are blocked in the thread that
    // starts it.
    kill(process.processIdentifier, SIGKILL)
    try? FileManager.default.removeItem(at: folder)
  }

  var endpoint: String { "http://127.0.0.1:\(port)" }

  func target(
    prefix: String = "", through port: Int? = nil, _ change: (inout S3Options) -> Void = { _ in }
  ) throws -> S3Target {
    var options = S3Options(
      bucket: "bucket", prefix: prefix, endpoint: "http://127.0.0.1:\(port ?? self.port)")
    options.timeout = 20
    change(&options)
    return try S3Target(options, credentials: FixedCredentials(kind.credentials))
  }

  func createBucket(_ name: String, isLocked: Bool = false) async throws {
    var options = S3Options(bucket: name, endpoint: endpoint)
    options.attempts = 1
    let client = try S3Client(
      options, BucketAddress(options), FixedCredentials(kind.credentials), now: { .now })
    var request = S3Request(.put)
    if isLocked { request.headers = [("x-amz-bucket-object-lock-enabled", "true")] }
    _ = try await client.send(request)
  }

  static func freePort() async throws -> Int {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = channel.localAddress?.port
    try await channel.close()
    guard let port else { throw NotThere(description: "there is no free port") }
    return port
  }
}
