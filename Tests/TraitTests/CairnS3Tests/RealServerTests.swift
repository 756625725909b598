import CairnChunks
import CairnTargetKit
import Foundation
import Testing

@testable import CairnS3

/// What a real server makes of the requests.
@Suite(.serialized, .enabled(if: RealServer.Kind.hasMoto, "moto is not installed"))
struct RealServerTests {
  @Test func keepsTheContractOfTargets() async throws {
    let server = try await RealServer()
    var options = TargetConformance.Options(listedNames: 250)
    options.concurrency = 8
    let report = await TargetConformance(options) {
      try server.target(prefix: "place-\(UUID())") {
        // So that the large blob goes and comes in parts.
        $0.partSize = 5 << 20
        $0.readSize = 4 << 20
        $0.pageSize = 100
      }
    }.run()
    #expect(report.isSound, "\(report)")
  }

  @Test func listsManyFoldersAheadInOrder() async throws {
    let server = try await RealServer()
    let target = try server.target { $0.pageSize = 20 }
    // Enough for several pages, in folders of which one has several itself.
    var names: [String] = ["aa", "packs-0", "packs/zz", "zz"]
    for folder in 0..<20 { names += (0..<6).map { "packs/\(10 + folder)/\($0)" } }
    names += (0..<70).map { "packs/15/many/\($0)" }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, name) in names.enumerated() {
        if index >= 16 { try await group.next() }
        group.addTask { try await target.put(BlobName(name)!, BlobSource(Array(name.utf8))) }
      }
      try await group.waitForAll()
    }
    var listed: [BlobInfo] = []
    try await target.forEachBlob("") { listed.append($0) }
    let expected = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    #expect(listed.map(\.name.description) == expected)
    #expect(listed.map(\.size) == expected.map { Int64($0.utf8.count) })
    var packs: [String] = []
    try await target.forEachBlob("packs/1") { packs.append($0.name.description) }
    #expect(packs == expected.filter { $0.hasPrefix("packs/1") })
  }

  /// What goes with a pack is with it on the server.
  @Test func classEncryptionAndLockAreTheServers() async throws {
    let server = try await RealServer()
    try await server.createBucket("locked", isLocked: true)
    let target = try server.target {
      $0.bucket = "locked"
      $0.partSize = 5 << 20
      $0.storageClass = "STANDARD_IA"
      $0.encryption = .managed
      $0.objectLock = .init(.governance, days: 30)
    }
    for (name, size) in [("packs/small", 100), ("packs/large", 11 << 20)] {
      let blob = BlobName(name)!
      try await target.put(blob, BlobSource([UInt8](repeating: 5, count: size)))
      let headers = try await target.client.send(S3Request(.head, key: target.key(blob))).headers
      #expect(headers["x-amz-storage-class"] == "STANDARD_IA", "\(name)")
      #expect(headers["x-amz-server-side-encryption"] == "AES256", "\(name)")
      // moto forgets the lock of what goes in parts.
      if name == "packs/small" {
        #expect(headers["x-amz-object-lock-mode"] == "GOVERNANCE")
        #expect(headers["x-amz-object-lock-retain-until-date"] != nil)
      }
      #expect(try await target.size(of: blob) == Int64(size))
    }
  }

  @Test func aBucketThatIsNotThereIsNamed() async throws {
    let server = try await RealServer()
    let target = try server.target { $0.bucket = "nowhere" }
    let blob = BlobSource([1, 2, 3])
    let errors = [
      await failure { () async throws(ChunkStoreError) in try await target.put(.test, blob) },
      await failure { () async throws(ChunkStoreError) in
        try await target.get(.test, range: nil)
      },
      await failure { () async throws(ChunkStoreError) in
        try await target.list("", after: nil, limit: 10)
      },
      await failure { () async throws(ChunkStoreError) in try await target.size(of: .test) },
    ]
    for error in errors {
      #expect(error?.code == .targetFailed)
      #expect(error?.message.contains("no such bucket") == true, "\(error?.message ?? "")")
      #expect(error?.message.contains("s3://nowhere") == true, "\(error?.message ?? "")")
    }
  }
}
