import CairnChunks
import CairnCore
import CairnTestKit
import SystemPackage

/// Single blobs.
extension TargetSubject {
  func checkProperties() async throws {
    try expect(!target.name.isEmpty, "its name is empty, so messages cannot tell which it is")
    if let directory = target.spoolDirectory { _ = try SpooledFile(in: directory) }
  }

  func checkBlobs() async throws {
    var random = RepeatableRandom(1)
    for size in [1, 2, 1000, 65_535, 65_536, 65_537, 1_000_003] {
      let (name, bytes) = (try name("size/\(size)"), random.bytes(size))
      try await fill(name, bytes)
      try await expectBlob(name, bytes)
    }
  }

  func checkEmptyBlob() async throws {
    let name = try name("empty")
    try await fill(name, [])
    try await expectBlob(name, [])
    let part = try await target.get(name, range: 0..<10)
    try expect(part.isEmpty, "an empty blob gives \(part.count) bytes")
    if !isReadOnly { try await target.put(name, BlobSource([])) }
    try await expectListing([name])
  }

  /// A blob of any size that takes no memory.
  private func largeSource() -> BlobSource {
    // Not a power of two, so that no part is taken for another.
    var random = RepeatableRandom(2)
    let piece = random.bytes(1_000_003)
    return BlobSource(byteCount: options.largeBlobSize) { range in
      var bytes: [UInt8] = []
      bytes.reserveCapacity(range.count)
      var offset = range.lowerBound
      while offset < range.upperBound {
        let start = Int(offset % Int64(piece.count))
        let count = min(piece.count - start, Int(range.upperBound - offset))
        bytes += piece[start..<start + count]
        offset += Int64(count)
      }
      return bytes
    }
  }

  func checkLargeBlob() async throws {
    let (name, source) = (try name("large"), largeSource())
    try await writer.put(name, source)
    let size = try await settle { try await target.size(of: name) }
    try expect(
      size == source.byteCount, "\(source.byteCount) bytes were put, \(size.orNone) are there")
    try expectEqual(
      try await target.get(name, range: nil), try source.read(0..<source.byteCount), "\(name)")
    let part: Int64 = 700_001
    let ranges = stride(from: 0, to: source.byteCount, by: Int(part)).map {
      $0..<min($0 + part, source.byteCount)
    }
    try await inParallel(ranges) { range in
      let found = try await target.get(name, range: range)
      try expectEqual(found, try source.read(range), "the range \(range) of \(name)")
    }
  }

  func checkSpooledBlob() async throws {
    var random = RepeatableRandom(3)
    let bytes = random.bytes(3_000_001)
    for (number, directory) in ([target.spoolDirectory, "/tmp"] as [FilePath?]).enumerated() {
      guard let directory else { continue }
      let name = try name("spooled/\(number)")
      try await writer.put(name, try spool(bytes, in: directory))
      try await expectBlob(name, bytes)
      guard !isReadOnly else { continue }
      try await target.put(name, try spool(bytes, in: directory))
      try await expectError([.conflict], "putting other bytes of a file") {
        () async throws(ChunkStoreError) in
        try await target.put(name, try spool(bytes.reversed(), in: directory))
      }
      try await expectBlob(name, bytes)
    }
  }

  /// A temporary file with these bytes, and said to hold `missing` more.
  func spool(
    _ bytes: [UInt8], in directory: FilePath, missing: Int64 = 0
  ) throws(ChunkStoreError) -> BlobSource {
    do {
      let spool = try SpooledFile(in: directory)
      try bytes.withUnsafeBytes { try spool.file.writeFully(at: 0, $0) }
      return BlobSource(spool, byteCount: Int64(bytes.count) + missing)
    } catch {
      throw ChunkStoreError(.host, "cannot write a temporary file in \(directory): \(error)")
    }
  }

  func checkRanges() async throws {
    let name = try name("ranged")
    var random = RepeatableRandom(4)
    let bytes = random.bytes(100_000)
    try await fill(name, bytes)
    try await expectBlob(name, bytes)
    var ranges: [Range<Int64>] = [
      0..<100_000, 0..<1, 99_999..<100_000, 99_990..<100_010, 100_000..<100_001, 100_000..<200_000,
      1 << 40..<1 << 41, 0..<Int64.max, 99_999..<Int64.max, Int64.max - 1..<Int64.max,
      0..<0, 50..<50, 100_000..<100_000, Int64.max..<Int64.max,
    ]
    for _ in 0..<20 {
      let start = Int64.random(in: 0..<100_000, using: &random)
      ranges.append(start..<start + .random(in: 1...40_000, using: &random))
    }
    for range in ranges {
      let inside = range.clamped(to: 0..<100_000)
      try expectEqual(
        try await target.get(name, range: range),
        Array(bytes[Int(inside.lowerBound)..<Int(inside.upperBound)]),
        "the range \(range) of a blob of 100000 bytes")
    }
  }

  func checkNames() async throws {
    let room = 200 - folder.utf8.count
    var deep = String(repeating: "d/", count: room / 2 - 1)
    while deep.utf8.count < room { deep += "x" }
    let texts = [
      "abcdefghijklmnopqrstuvwxyz0123456789-_.x", String(repeating: "n", count: room), deep,
      "-", "--help", "_", "0", "00", "a.", "a..", "a..b", "a.tmp", "a.part", "a-", "a_b/c.d/e-f",
      "con", "nul", "aux.txt", "x/tmp", "x/lock", "index", "metadata", "folder-", "folder/a",
      "folder0",
    ]
    let names = try texts.map { try name($0) }
    for name in names { try await fill(name, Array(name.description.utf8)) }
    for name in names {
      let bytes = try await settle { try await target.get(name, range: nil) }
      try expectEqual(bytes, Array(name.description.utf8), "the blob \(name)")
    }
    try await expectListing(names.sorted())
  }

  func checkMissing() async throws {
    let present = try name("here/blob")
    try await fill(present, [1])
    try await expectBlob(present, [1])
    for text in ["absent", "absent/absent", "here", "here/blo", "here/blob2", "here/blob/below"] {
      let name = try name(text)
      try await expectAbsent(name)
      if !isReadOnly, options.canDelete { try await target.delete(name) }
    }
    try await expectBlob(present, [1])
  }
}
