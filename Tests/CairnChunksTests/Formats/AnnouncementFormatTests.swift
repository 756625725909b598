import CairnCrypto
import Testing

@testable import CairnChunks

@Suite struct AnnouncementFormatTests {
  private static let session = SessionID(bytes: Array(0..<16))
  private static let digests = (1...3).map { SHA256.hash(of: [UInt8($0)].span.bytes) }

  private static let announcements: [Announcement] = [
    .begun(session), .ended(session), .revoked(session),
    .heeded(session, [GenerationID(bytes: Array(16..<32)), GenerationID(bytes: Array(32..<48))]),
    .based(session, ChunkID(digests[0])), .closed(session, roots: []),
    .closed(session, roots: digests), .condemned(GenerationID(bytes: Array(48..<64)), digests),
  ]

  @Test(arguments: announcements)
  func comesBackAndEveryDamageShows(announcement: Announcement) async throws {
    let access = try await Repository.createSmall().access
    let bytes = try AnnouncementBlob(announcement, time: -5).encoded(access)
    let name = AnnouncementName.blob(of: announcement, SHA256.hash(of: bytes.span.bytes))
    let read = try AnnouncementBlob(bytes, in: name, access)
    #expect(read.announcement == announcement)
    #expect(read.time == -5)
    for damaged in Damage.truncations(of: bytes) + Damage.flips(of: bytes) + [bytes + [0]] {
      #expect(throws: ChunkStoreError.self) { try AnnouncementBlob(damaged, in: name, access) }
    }
    // One that somebody of another repository made, or that stands under another name.
    let other = try await Repository.createSmall().access
    #expect(throws: ChunkStoreError.self) { try AnnouncementBlob(bytes, in: name, other) }
    let wrong = AnnouncementName.blob(of: .ended(SessionID(bytes: Array(1...16))), Self.digests[0])
    #expect(throws: ChunkStoreError.self) { try AnnouncementBlob(bytes, in: wrong, access) }
  }

  @Test func aLaterVersionIsToldFromDamage() async throws {
    let access = try await Repository.createSmall().access
    var bytes = try AnnouncementBlob(.ended(Self.session), time: 0).encoded(access)
    bytes[8] = 2
    let name = AnnouncementName.blob(of: .ended(Self.session), Self.digests[0])
    let error = #expect(throws: ChunkStoreError.self) {
      try AnnouncementBlob(bytes, in: name, access)
    }
    #expect(error?.code == .newerFormat)
  }
}
