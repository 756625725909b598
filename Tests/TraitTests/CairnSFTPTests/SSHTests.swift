import CairnChunks
import CairnSFTP
import Foundation
import Testing

/// The system's ssh and a server of OpenSSH on loopback.
@Suite(.enabled(if: isInstalled("sshd") && isInstalled("ssh"), "OpenSSH is not installed"))
struct SSHTests {
  private struct Place {
    let scratch: Scratch
    let server: TestServer
    let folder: String

    init() async throws {
      scratch = try Scratch()
      folder = scratch["ssh"]
      server = try await TestServer("sshd", in: folder)
    }

    func command(_ arguments: [String] = []) -> SFTPCommand {
      .ssh(host: "127.0.0.1", arguments: arguments + ["-F", "\(folder)/ssh_config"])
    }

    func open(_ command: SFTPCommand? = nil) async throws -> SFTPTarget {
      try await SFTPTarget.open(
        command ?? self.command(), path: "\(folder)/blobs", creating: true)
    }
  }

  @Test func blobsComeBack() async throws {
    let place = try await Place()
    try await use(try await place.open())
  }

  @Test func whatSSHSaysReachesTheHost() async throws {
    let place = try await Place()
    let stranger = try await failure {
      // Keys of the configuration are tried too, so this does without it.
      _ = try await place.open(
        .ssh(
          host: "127.0.0.1", port: place.server.port,
          arguments: [
            "-F", "none", "-i", "\(place.folder)/stranger", "-o", "IdentitiesOnly=yes",
            "-o", "UserKnownHostsFile=\(place.folder)/known_hosts",
          ]))
    }
    #expect(stranger.code == .targetFailed, "\(stranger)")
    #expect("\(stranger)".contains("Permission denied (publickey)"), "\(stranger)")

    let unknown = try await failure {
      _ = try await place.open(place.command(["-o", "UserKnownHostsFile=/dev/null"]))
    }
    #expect(unknown.code == .targetFailed, "\(unknown)")
    #expect("\(unknown)".contains("Host key verification failed"), "\(unknown)")

    place.server.stop()
    let refused = try await failure { _ = try await place.open() }
    #expect(refused.code == .temporary, "\(refused)")
    #expect("\(refused)".contains("Connection refused"), "\(refused)")
  }

  /// A repository is filled while the server is killed and started again; who tries again gets over
  /// it, and what is there in the end is sound.
  @Test func theServerIsKilledAndStartedAgain() async throws {
    let place = try await Place()
    let target = try await place.open()
    let disturbing = Task {
      for _ in 0..<3 {
        try await Task.sleep(for: .milliseconds(150))
        place.server.stop()
        try await Task.sleep(for: .milliseconds(100))
        try await place.server.start()
      }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask {
          for number in 0..<10 {
            let bytes = sample(500_000, task * 100 + number)
            try await patiently { try await target.put("packs/\(task)/\(number)", bytes) }
          }
        }
      }
      try await group.waitForAll()
    }
    try await disturbing.value
    let names = try await patiently { try await target.names() }
    #expect(names.count == 40)
    for task in 0..<4 {
      for number in 0..<10 {
        #expect(
          try await patiently { try await target.get("packs/\(task)/\(number)") }
            == sample(500_000, task * 100 + number))
      }
    }
  }
}

/// Calls again after temporary errors, for some seconds.
private func patiently<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
  for _ in 0..<200 {
    do {
      return try await body()
    } catch let error as ChunkStoreError where error.code == .temporary {
      try await Task.sleep(for: .milliseconds(50))
    }
  }
  return try await body()
}
