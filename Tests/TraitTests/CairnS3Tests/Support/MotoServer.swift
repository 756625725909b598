import Foundation
import NIOCore
import NIOPosix

@testable import CairnS3

/// A real S3 server on loopback: moto, of PyPI, in a process of its own, which ends with the test.
final class MotoServer: Sendable {
  let port: Int
  private let process: Process

  struct NotThere: Error, CustomStringConvertible {
    let description: String
  }

  init() async throws {
    port = try await Self.freePort()
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    self.process = process
    for _ in 0..<3000 {
      guard process.isRunning else {
        throw NotThere(description: "moto does not start: pip install 'moto[server,s3]'")
      }
      if (try? await createBucket("bucket")) != nil { return }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw NotThere(description: "moto does not answer")
  }

  deinit {
    process.terminate()
  }

  /// Whether Python has what it takes.
  static let isInstalled: Bool = {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", "import moto.server"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  var endpoint: String { "http://127.0.0.1:\(port)" }

  func target(
    prefix: String = "", through port: Int? = nil, _ change: (inout S3Options) -> Void = { _ in }
  ) throws -> S3Target {
    var options = S3Options(
      bucket: "bucket", prefix: prefix, endpoint: "http://127.0.0.1:\(port ?? self.port)")
    options.timeout = 20
    change(&options)
    return try S3Target(options, credentials: FixedCredentials(.ofTests))
  }

  func createBucket(_ name: String, isLocked: Bool = false) async throws {
    var options = S3Options(bucket: name, endpoint: endpoint)
    options.attempts = 1
    let client = try S3Client(
      options, BucketAddress(options), FixedCredentials(.ofTests), now: { .now })
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
