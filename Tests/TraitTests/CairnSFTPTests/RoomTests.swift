import CairnChunks
import CairnCore
import Foundation
import SystemPackage
import Testing

@testable import CairnSFTP

/// What becomes of a put where there is no room, of which OpenSSH says no more than "Failure".
@Suite struct RoomTests {
  /// A server whose writes fail as OpenSSH's do.
  private func server(_ text: String = "Failure") -> ScriptedServer {
    let server = ScriptedServer()
    server.extensions["statvfs@openssh.com"] = "2"
    server.follow { request in
      request.kind == Message.write ? .status(StatusCode.failure, text) : .answer
    }
    return server
  }

  @Test(
    arguments: [
      (0, 1000, "is full: 0 bytes"), (1_000_000, 1000, "is full: 1000000 bytes"),
      (1 << 40, 0, "takes no more files"),
    ] as [(UInt64, UInt64, String)])
  func aFullDiskIsNamed(bytes: UInt64, files: UInt64, hint: String) async throws {
    let server = server()
    (server.freeBytes, server.freeFiles) = (bytes, files)
    let target = try await server.target()
    let error = try await failure { try await target.put("one", sample(1_000_000)) }
    #expect(error.code == .targetFailed && error.cause?.errno == .noSpace, "\(error)")
    #expect("\(error)".contains(hint) && "\(error)".contains("make room"), "\(error)")
    #expect(error.blob == blobName("one"))
  }

  @Test func aQuotaIsGuessedWhereThereIsRoom() async throws {
    let server = server()
    (server.freeBytes, server.freeFiles) = (.max, 1000)
    let target = try await server.target()
    let error = try await failure { try await target.put("one", sample(1_000_000)) }
    #expect(error.code == .targetFailed && error.cause == nil, "\(error)")
    #expect("\(error)".contains("a quota"), "\(error)")
  }

  /// The reason that a server gives is the one that is told, and one that does not tell of its room is
  /// not asked.
  @Test(arguments: [("the moon is full", "2"), ("Failure", nil), ("Failure", "1")])
  func otherFailuresStay(text: String, version: String?) async throws {
    let server = server(text)
    server.extensions["statvfs@openssh.com"] = version
    let target = try await server.target()
    let error = try await failure { try await target.put("one", sample(10)) }
    #expect(error.code == .targetFailed && error.cause == nil, "\(error)")
    #expect(
      "\(error)".contains(version == "2" ? text : "often a full disk or a quota"), "\(error)")
  }

  /// The answer about the room may be anything.
  @Test func aServerThatLiesOfItsRoomIsNoWorse() async throws {
    let server = server()
    server.follow { request in
      switch request.kind {
      case Message.write: .status(StatusCode.failure, "")
      case Message.extended: .status(StatusCode.failure, "")
      default: .answer
      }
    }
    server.extensions = ["statvfs@openssh.com": "2"]
    let target = try await server.target()
    let error = try await failure { try await target.put("one", sample(10)) }
    #expect("\(error)".contains("often a full disk or a quota"), "\(error)")
  }

  #if os(Linux)
    /// OpenSSH's server on a file system of 1 MiB, which whoever may make a space of names can mount.
    @Test(.enabled(if: canMount && OpenSSHServer.path != nil, "nothing can be mounted"))
    func openSSHOnAFullDisk() async throws {
      let scratch = try Scratch()
      try scratch.makeDirectory("disk")
      let command = SFTPCommand(
        mounting + [scratch["disk"], try #require(OpenSSHServer.path)], name: "sftp-server")
      let target = try await SFTPTarget.open(command, path: scratch["disk"])
      try await target.put("small", sample(100_000))
      let error = try await failure { try await target.put("large", sample(3_000_000)) }
      #expect(error.code == .targetFailed && error.cause?.errno == .noSpace, "\(error)")
      #expect("\(error)".contains("is full"), "\(error)")
      // There is no trace of it, and what fits goes on.
      #expect(try await target.names() == ["small"])
      try await target.put("other", sample(100_000))
    }
  #endif
}

#if os(Linux)
  private let mounting = [
    "unshare", "-rm", "/bin/sh", "-c", #"mount -t tmpfs -o size=1m none "$0" && exec "$1""#,
  ]

  private let canMount: Bool = {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = mounting + ["/mnt", "/bin/true"]
    process.standardError = nil
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()
#endif
