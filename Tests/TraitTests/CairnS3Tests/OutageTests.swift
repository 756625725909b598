import CairnChunks
import CairnCore
import CairnCrypto
import Testing

@testable import CairnS3

/// A repository on a server that goes away and comes back.
@Suite(.serialized, .enabled(if: RealServer.Kind.hasMoto, "moto is not installed"))
struct OutageTests {
  /// Streams of four MiB, which do not compress and differ.
  private static func stream(_ number: Int) -> [UInt8] {
    var state = UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15
    return (0..<4 << 20).map { _ in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return UInt8(truncatingIfNeeded: state >> 32)
    }
  }

  @Test func aBackupOutlivesTheServersRestart() async throws {
    let server = try await RealServer()
    let proxy = try await DelayingProxy(to: server.port)
    let target = RetryingTarget(try server.target(through: proxy.port) { $0.attempts = 2 })
    let identity = try X25519Identity.generate()
    let repository = try await Repository.create(on: target, for: [identity.recipient])
    let session = try await repository.startSession()
    var contents: [Content] = []
    for number in 0..<12 {
      if number == 6 { try await proxy.stop() }
      contents.append(try await session.store(Self.stream(number)))
      if number == 8 {
        try await Task.sleep(for: .milliseconds(500))
        try await proxy.start()
      }
    }
    let links = contents.map(\.root)
    let chunk = try await session.store(Chunk(links: links, data: []))
    try await session.publish(name: "streams", chunk: chunk)
    try await session.end()

    let again = try await Repository.open(on: server.target(), with: [identity])
    let report = try await again.verify()
    #expect(report.problems.isEmpty)
    for (number, content) in contents.enumerated() {
      let bytes = try await again.read(content, in: 0..<content.byteCount)
      #expect(bytes == Self.stream(number))
    }
  }

  @Test func anOutageThatLastsIsAnErrorAndPublishesNothing() async throws {
    let server = try await RealServer()
    let proxy = try await DelayingProxy(to: server.port)
    let target = try server.target(through: proxy.port) { $0.attempts = 2 }
    let identity = try X25519Identity.generate()
    let repository = try await Repository.create(on: target, for: [identity.recipient])
    let session = try await repository.startSession()
    let content = try await session.store(Self.stream(0))
    try await proxy.stop()
    let error = await failure { () async throws(ChunkStoreError) in
      try await session.publish(name: "streams", content: content)
    }
    #expect(error?.code == .temporary)
    let again = try await Repository.open(on: server.target(), with: [identity])
    #expect(try await again.roots().isEmpty)
    // What had not been done is done by the next session.
    let next = try await again.startSession()
    try await next.publish(name: "streams", content: next.store(Self.stream(0)))
    try await next.end()
    #expect(try await again.verify().problems.isEmpty)
  }
}
