import CairnChunks
import CairnSFTP
import Foundation
import SystemPackage
import Testing

/// rclone from the search path, with a configuration of the test's own.
struct Rclone {
  static let isInstalled = CairnSFTPTests.isInstalled("rclone")

  let scratch: Scratch
  let remote: String
  /// Where the blobs are in the end.
  let folder: String

  /// A remote that is a folder of this machine.
  init() throws {
    scratch = try Scratch()
    try scratch.makeDirectory("remote")
    folder = scratch["remote/blobs"]
    remote = folder
    try scratch.write("", to: "rclone.conf")
  }

  func command() -> SFTPCommand {
    .rclone(remote, arguments: ["--config", scratch["rclone.conf"]])
  }

  func open(creating: Bool = true) async throws -> SFTPTarget {
    try await SFTPTarget.open(command(), creating: creating)
  }
}

@Suite(.enabled(if: Rclone.isInstalled, "rclone is not installed"))
struct RcloneTests {
  @Test func blobsComeBack() async throws {
    let rclone = try Rclone()
    let target = try await rclone.open()
    try await use(target)
    #expect(try rclone.scratch.files(below: "remote/blobs").allSatisfy { $0.hasPrefix("packs/") })
  }

  /// What one client does is seen by the others at once.
  @Test func nothingIsRememberedTooLong() async throws {
    let rclone = try Rclone()
    let targets = [try await rclone.open(), try await rclone.open(creating: false)]
    for round in 0..<5 {
      let (one, other) = (targets[round % 2], targets[1 - round % 2])
      #expect(try await other.size(of: blobName("roots/\(round)")) == nil)
      #expect(try await other.names("roots/").count == round)
      try await one.put("roots/\(round)", [UInt8(round)])
      #expect(try await other.get("roots/\(round)") == [UInt8(round)])
      #expect(try await other.names("roots/").count == round + 1)
      let error = try await failure { try await other.put("roots/\(round)", [99]) }
      #expect(error.code == .conflict)
    }
    for round in 0..<5 {
      try await targets[round % 2].delete(blobName("roots/\(round)"))
      #expect(try await targets[1 - round % 2].size(of: blobName("roots/\(round)")) == nil)
    }
    #expect(try await targets[0].names() == [])
  }

  @Test func whatRcloneSaysReachesTheHost() async throws {
    let rclone = try Rclone()
    let error = try await failure {
      _ = try await SFTPTarget.open(
        .rclone("nothing:blobs", arguments: ["--config", rclone.scratch["rclone.conf"]]))
    }
    #expect(error.code == .targetFailed && "\(error)".contains("nothing"), "\(error)")
    #expect("\(error)".contains("config file"), "\(error)")
  }
}

/// rclone over a real FTP server on loopback.
@Suite(
  .enabled(
    if: Rclone.isInstalled && TestServer.canServeFTP, "rclone or pyftpdlib is not installed"))
struct FTPTests {
  @Test func blobsComeBack() async throws {
    let scratch = try Scratch()
    let server = try await TestServer("ftp", in: scratch["ftp"])
    let command = SFTPCommand.rclone(
      "ftp:deep/blobs", arguments: ["--config", scratch["ftp/rclone.conf"]])
    try await use(try await SFTPTarget.open(command, creating: true))
    let files = try scratch.files(below: "ftp/files")
    #expect(files.count == 5 && files.allSatisfy { $0.hasPrefix("deep/blobs/packs/") }, "\(files)")
    withExtendedLifetime(server) {}
  }

  @Test func theServerIsKilledAndStartedAgain() async throws {
    let scratch = try Scratch()
    let server = try await TestServer("ftp", in: scratch["ftp"])
    // As soon as it fails, so that the test need not wait.
    let command = SFTPCommand.rclone(
      "ftp:blobs",
      arguments: ["--config", scratch["ftp/rclone.conf"], "--low-level-retries", "1"])
    let target = try await SFTPTarget.open(command, creating: true)
    try await target.put("roots/one", [1])
    server.stop()
    for call in [
      { _ = try await target.get("roots/one") }, { try await target.put("roots/two", [2]) },
      { _ = try await target.names() },
    ] {
      let error = try await failure(call)
      #expect(error.code == .temporary, "\(error)")
      #expect("\(error)".contains("connection refused"), "\(error)")
    }
    try await server.start()
    try await target.put("roots/two", [2])
    #expect(try await target.names() == ["roots/one", "roots/two"])
    #expect(try await target.get("roots/one") == [1])
  }
}

/// What every target does, in short.
func use(_ target: any Target, sourceLocation: SourceLocation = #_sourceLocation) async throws {
  for size in [0, 1, 32_768, 32_769, 700_000] {
    let bytes = sample(size)
    let blob = "packs/a\(size % 7)/of-\(size)"
    try await target.put(blob, bytes)
    try await target.put(blob, bytes)
    let error = try await failure { try await target.put(blob, bytes + [1]) }
    #expect(error.code == .conflict, sourceLocation: sourceLocation)
    #expect(try await target.get(blob) == bytes, sourceLocation: sourceLocation)
    #expect(
      try await target.size(of: blobName(blob)) == Int64(size), sourceLocation: sourceLocation)
    if size > 100 {
      #expect(
        try await target.get(blob, 90..<32_760) == Array(bytes[90..<min(32_760, size)]),
        sourceLocation: sourceLocation)
    }
  }
  #expect(try await target.names("packs/").count == 5, sourceLocation: sourceLocation)
  #expect(try await target.names("roots/").isEmpty, sourceLocation: sourceLocation)
  let missing = try await failure { _ = try await target.get("packs/zz/none") }
  #expect(missing.code == .missing, "\(missing)", sourceLocation: sourceLocation)
  try await target.delete(blobName("packs/zz/none"))
  try await target.put("roots/one", [1])
  try await target.delete(blobName("roots/one"))
  #expect(
    try await target.size(of: blobName("roots/one")) == nil, sourceLocation: sourceLocation)
  #expect(try await target.names().count == 5, sourceLocation: sourceLocation)
}
