import CairnChunks
import CairnCrypto
import CairnTargetKit
import Foundation
import Synchronization
import Testing

@testable import CairnS3

/// The same against OpenStack Swift, which takes no conditions.
///
/// Not among the usual tests: it is forty packages of Debian's. And it closes the descriptors that it
/// inherits, by which Foundation takes it for ended and waits for its end, and for nothing else meanwhile.
@Suite(
  .serialized,
  .enabled(
    if: ProcessInfo.processInfo.environment["CAIRN_SWIFT_SERVER"] == "1"
      && RealServer.Kind.hasSwift,
    "needs CAIRN_SWIFT_SERVER=1, Debian's python3-swift, and --filter SwiftServerTests"))
struct SwiftServerTests {
  @Test func keepsTheContractOfTargets() async throws {
    let server = try await RealServer(.swift)
    var options = TargetConformance.Options(listedNames: 250)
    options.concurrency = 8
    let report = await TargetConformance(options) {
      try server.target(prefix: "place-\(UUID())") {
        $0.partSize = 5 << 20
        $0.readSize = 4 << 20
        $0.pageSize = 100
      }
    }.run()
    #expect(report.isSound, "\(report)")
  }

  @Test func aRepositoryIsWrittenAndRead() async throws {
    let server = try await RealServer(.swift)
    let target = try server.target()
    let identity = try X25519Identity.generate()
    let repository = try await Repository.create(on: target, for: [identity.recipient])
    let session = try await repository.startSession()
    let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
    let content = try await session.store(bytes)
    try await session.publish(name: "one", content: content)
    try await session.end()
    let again = try await Repository.open(on: server.target(), with: [identity])
    #expect(try await again.verify().problems.isEmpty)
    #expect(try await again.read(content, in: 0..<content.byteCount) == bytes)
    // After the first put, the condition is not tried any more.
    #expect(!target.knowsConditions.withLock { $0 })
  }

  @Test func whatIsNotThereIsNamed() async throws {
    let server = try await RealServer(.swift)
    let target = try server.target { $0.bucket = "nowhere" }
    let errors = [
      await failure { () async throws(ChunkStoreError) in
        try await target.put(.test, BlobSource([1]))
      },
      await failure { () async throws(ChunkStoreError) in try await target.size(of: .test) },
      await failure { () async throws(ChunkStoreError) in
        try await target.get(.test, range: nil)
      },
      await failure { () async throws(ChunkStoreError) in
        try await target.list("", after: nil, limit: 1)
      },
    ]
    for error in errors {
      #expect(error?.code == .targetFailed)
      #expect(error?.message.contains("no such bucket") == true, "\(error?.message ?? "")")
    }
  }
}
