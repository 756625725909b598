import CairnChunks
import CairnSFTP
import CairnTargetKit
import Foundation
import Testing

/// The suite that every target is examined with.
@Suite struct ConformanceTests {
  private func options(_ folder: @escaping @Sendable () -> String) -> TargetConformance.Options {
    var options = TargetConformance.Options(listedNames: 1500)
    options.strangers = TargetConformance.Strangers { _, name in
      let path = "\(folder())/\(name)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for file in ["UPPER", ".hidden", "a b"] {
        try Data(file.utf8).write(to: URL(filePath: "\(path)\(file)"))
      }
    } areThere: { _, name in
      ["UPPER", ".hidden", "a b"].allSatisfy {
        FileManager.default.contents(atPath: "\(folder())/\(name)\($0)") == Data($0.utf8)
      }
    }
    return options
  }

  @Test(.enabled(if: OpenSSHServer.path != nil, "OpenSSH's sftp-server is not installed"))
  func openSSH() async throws {
    let server = try OpenSSHServer()
    let report = await TargetConformance(options { server.scratch["blobs"] }) {
      try await server.open()
    } openingAgain: { _ in
      try await server.open(creating: false)
    }.run()
    #expect(report.isSound, "\(report)")
  }

  @Test(.enabled(if: Rclone.isInstalled, "rclone is not installed")) func rclone() async throws {
    let rclone = try Rclone()
    let report = await TargetConformance(options { rclone.folder }) {
      try await rclone.open()
    } openingAgain: { _ in
      try await rclone.open(creating: false)
    }.run()
    #expect(report.isSound, "\(report)")
  }
}
