import CairnChunks
import CairnCore
import CairnTestKit
import SystemPackage

/// What puts and deletions do.
extension TargetSubject {
  func checkSameBytes() async throws {
    try requireWriting()
    var random = RepeatableRandom(11)
    for size in [0, 1, 100_000, 2_500_000] {
      let (name, bytes) = (try name("same/\(size)"), random.bytes(size))
      for _ in 0..<3 { try await target.put(name, BlobSource(bytes)) }
      try await expectBlob(name, bytes)
    }
  }

  func checkOtherBytes() async throws {
    try requireWriting()
    var random = RepeatableRandom(12)
    for size in [1, 1000, 2_500_000] {
      let (name, bytes) = (try name("kept/\(size)"), random.bytes(size))
      try await target.put(name, BlobSource(bytes))
      try await expectBlob(name, bytes)
      var last = bytes
      last[size - 1] ^= 1
      for other in [[], Array(bytes.dropLast()), bytes + [0], last] {
        let error = try await expectError([.conflict], "putting other bytes under a name") {
          () async throws(ChunkStoreError) in try await target.put(name, BlobSource(other))
        }
        try expect(error.blob == name, "the error does not name the blob \(name): \(error)")
      }
      try await expectBlob(name, bytes)
    }
  }

  func checkReadAfterWrite() async throws {
    try requireWriting()
    var names: [BlobName] = []
    for number in 0..<20 {
      let (name, bytes) = (try name("new/\(number)"), [UInt8](repeating: 7, count: number))
      // Whoever asks before must not be told the same afterwards.
      try await expectAbsent(name)
      try await target.put(name, BlobSource(bytes))
      try await expectBlob(name, bytes)
      names.append(name)
    }
    try await expectListing(names.sorted())
  }

  func checkDeletion() async throws {
    try requireDeleting()
    let other = try name("gone/other")
    try await target.put(other, BlobSource([1]))
    for round in UInt8(0)..<10 {
      let (name, bytes) = (try name("gone/blob"), [UInt8](repeating: round, count: 1000))
      try await target.put(name, BlobSource(bytes))
      try await expectBlob(name, bytes)
      try await target.delete(name)
      try await expectAbsent(name)
      try await target.delete(name)
    }
    try await expectBlob(other, [1])
    try await expectListing([other])
  }

  func checkRefusedDeletion() async throws {
    guard isReadOnly || !options.canDelete else { throw Skipped(reason: "it deletes") }
    let name = try name("stays")
    try await fill(name, [1, 2, 3])
    try await expectError([.targetFailed], "deleting a blob") {
      () async throws(ChunkStoreError) in try await target.delete(name)
    }
    try await expectBlob(name, [1, 2, 3])
  }

  func checkRefusedPut() async throws {
    guard isReadOnly else { throw Skipped(reason: "it can be written") }
    let (absent, present) = (try name("absent"), try name("present"))
    try await fill(present, [1, 2, 3])
    for (name, bytes) in [(absent, [1]), (present, [4])] as [(BlobName, [UInt8])] {
      try await expectError([.targetFailed], "putting a blob") {
        () async throws(ChunkStoreError) in try await target.put(name, BlobSource(bytes))
      }
    }
    try await expectAbsent(absent)
    try await expectBlob(present, [1, 2, 3])
  }

  func checkFailingSource() async throws {
    try requireWriting()
    var random = RepeatableRandom(13)
    let bytes = random.bytes(3_000_000)
    let size = Int64(bytes.count)
    // Whatever the source says, it is no word about what the target holds.
    let failures: [(IOError.Code, Errno?)] = [(.systemCall, .ioError), (.changed, nil)]
    for (number, limit) in [0, 1, size / 2, size - 1].enumerated() {
      let name = try name("broken/\(limit)")
      let (code, errno) = failures[number % failures.count]
      let source = BlobSource(byteCount: size) { (range) throws(IOError) in
        guard range.upperBound <= limit else {
          throw IOError(code, operation: "read", subject: "a source that fails", errno: errno)
        }
        return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
      }
      try await expectBroken(source, name, bytes)
    }
    // Of a file, the target may know only the length that it was told.
    for (number, directory) in ([target.spoolDirectory, "/tmp"] as [FilePath?]).enumerated() {
      guard let directory else { continue }
      try await expectBroken(
        try spool(Array(bytes.dropLast()), in: directory, missing: 1),
        try name("broken/short-\(number)"), bytes)
    }
  }

  private func expectBroken(
    _ source: BlobSource, _ name: BlobName, _ bytes: [UInt8]
  ) async throws {
    try await expectError([.targetFailed, .host], "a put whose source fails") {
      () async throws(ChunkStoreError) in try await target.put(name, source)
    }
    try await expectAbsent(name)
    try await target.put(name, BlobSource(bytes))
    _ = try? await target.put(name, source)
    try await expectBlob(name, bytes)
  }
}
