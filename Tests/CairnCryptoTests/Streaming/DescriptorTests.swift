import CairnCrypto
import Foundation
import SystemPackage
import Testing

@Suite("Sealing and opening descriptors")
struct DescriptorTests {
  let identity: X25519Identity

  init() throws { identity = try X25519Identity.generate() }

  @Test func filesFromTheirOffsets() throws {
    let folder = try TemporaryFolder()
    let message = sampleBytes(200_000)
    let plain = try folder.file("plain", holding: [1, 2, 3] + message)
    let sealed = try folder.file("sealed", holding: [])
    let opened = try folder.file("opened", holding: [])
    defer { for file in [plain, sealed, opened] { try? file.close() } }

    try plain.seek(offset: 3, from: .start)
    try Age.seal(from: plain, to: sealed, recipients: [identity.recipient])
    #expect(try plain.seek(offset: 0, from: .current) == 200_003, "the descriptor is still open")
    try sealed.seek(offset: 0, from: .start)
    try Age.open(from: sealed, to: opened, identities: [identity])
    #expect(try folder.content("opened") == message)
  }

  @Test func pipes() async throws {
    let message = sampleBytes(300_000)
    let file = try Age.seal(message, to: [identity.recipient])
    let (reading, writing) = try FileDescriptor.pipe()
    let (backReading, backWriting) = try FileDescriptor.pipe()
    let identity = identity
    async let fed: Void = onThread {
      try writing.closeAfter { _ = try writing.writeAll(file) }
    }
    async let opened: Void = onThread {
      try backWriting.closeAfter {
        try Age.open(from: reading, to: backWriting, identities: [identity])
      }
    }
    let result = try await onThread { try backReading.readToEnd() }
    try await fed
    try await opened
    try reading.close()
    try backReading.close()
    #expect(result == message)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
  func aFullDiskIsTold() throws {
    let folder = try TemporaryFolder()
    let plain = try folder.file("plain", holding: sampleBytes(100))
    let full = try FileDescriptor.open("/dev/full", .writeOnly)
    defer { for file in [plain, full] { try? file.close() } }
    let error = #expect(throws: CryptoError.self) {
      try Age.seal(from: plain, to: full, recipients: [identity.recipient])
    }
    #expect(error?.code == .io)
    #expect(error?.description.contains("free some space") == true)
  }
}

extension FileDescriptor {
  fileprivate func readToEnd() throws -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 10_000)
    while true {
      let count = try buffer.withUnsafeMutableBytes { try read(into: $0) }
      if count == 0 { return all }
      all += buffer.prefix(count)
    }
  }
}

/// Runs what blocks on a thread of its own.
private func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
  }
}
