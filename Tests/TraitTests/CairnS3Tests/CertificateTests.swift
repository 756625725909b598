import CairnChunks
import SystemPackage
import Testing

@testable import CairnS3

@Suite(.enabled(if: TLSServer.isInstalled, "openssl is not installed"))
struct CertificateTests {
  private func target(
    of server: TLSServer, _ change: (inout S3Options) -> Void = { _ in }
  ) throws -> S3Target {
    var options = S3Options(bucket: "bucket", endpoint: server.endpoint)
    // The server takes a moment to start.
    options.attempts = 10
    options.timeout = 5
    change(&options)
    return try S3Target(options, credentials: FixedCredentials(.ofTests))
  }

  @Test func oneThatNobodyVouchesForIsRefused() async throws {
    let server = try await TLSServer()
    let target = try target(of: server)
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.get(.test, range: nil)
    }
    #expect(error?.code == .targetFailed, "\(error?.message ?? "")")
    #expect(error?.message.contains("certificate is not accepted") == true)
    #expect(error?.message.contains("authority of its own") == true)
  }

  @Test func oneOfTheNamedAuthorityIsAccepted() async throws {
    let server = try await TLSServer()
    let target = try target(of: server) { $0.certificateAuthority = FilePath(server.certificate) }
    #expect(try await target.get(.test, range: nil).count > 0)
  }

  @Test func oneOfAnotherServerIsRefused() async throws {
    let server = try await TLSServer(name: "DNS:other.example")
    let target = try target(of: server) { $0.certificateAuthority = FilePath(server.certificate) }
    let error = await failure { () async throws(ChunkStoreError) in
      try await target.get(.test, range: nil)
    }
    #expect(error?.code == .targetFailed, "\(error?.message ?? "")")
    #expect(error?.message.contains("certificate is not accepted") == true)
  }

  @Test func anAuthorityThatIsNoneIsRefusedAtOnce() async throws {
    let server = try await TLSServer()
    let error = #expect(throws: ChunkStoreError.self) {
      try target(of: server) { $0.certificateAuthority = "/dev/null" }
    }
    #expect(error?.code == .invalid)
    #expect(error?.message.contains("PEM") == true)
  }
}
