import CairnChunks
import CairnCore
import SystemPackage
import Testing

/// What ``Target`` promises, for each target that the library brings.
@Suite struct TargetContractTests {
  private let name = BlobName(named: "packs/ab/blob")

  @Test(arguments: TargetKind.allCases)
  func whatWasPutIsThere(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      var random = SeededRandom(31)
      let bytes = random.bytes(3_000_000)
      try await target.put(name, BlobSource(bytes))
      #expect(try await target.get(name) == bytes)
      #expect(try await target.size(of: name) == 3_000_000)
      #expect(
        try await target.list("", after: nil, limit: 10)
          == [BlobInfo(name: name, size: 3_000_000)])
    }
  }

  @Test(arguments: TargetKind.allCases)
  func aRangeIsCutToTheBlob(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      let bytes = (0..<100).map { UInt8($0) }
      try await target.put(name, BlobSource(bytes))
      #expect(try await target.get(name, range: 0..<100) == bytes)
      #expect(try await target.get(name, range: 10..<20) == Array(10..<20))
      #expect(try await target.get(name, range: 90..<200) == Array(90..<100))
      #expect(try await target.get(name, range: 99..<100) == [99])
      #expect(try await target.get(name, range: 100..<200).isEmpty)
      #expect(try await target.get(name, range: 150..<200).isEmpty)
      #expect(try await target.get(name, range: 50..<50).isEmpty)
      #expect(try await target.get(name, range: 0..<Int64.max) == bytes)
    }
  }

  @Test(arguments: TargetKind.allCases)
  func anEmptyBlobIsABlob(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      try await target.put(name, BlobSource([]))
      #expect(try await target.get(name).isEmpty)
      #expect(try await target.size(of: name) == 0)
      #expect(try await target.names() == [name.description])
    }
  }

  @Test(arguments: TargetKind.allCases)
  func whatIsNotThereIsMissing(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      try await target.put(name, BlobSource([1]))
      // Nothing at all, a folder, and something below a blob.
      for other in ["cairn", "packs", "packs/ab", "packs/ab/blob/x", "packs/cd/blob"] {
        let other = BlobName(named: other)
        #expect(try await target.size(of: other) == nil, "\(other)")
        let error = try await storeError { _ = try await target.get(other) }
        #expect(error.code == .missing && error.blob == other, "\(error)")
        try await target.delete(other)
      }
      #expect(try await target.get(name) == [1])
    }
  }

  @Test(arguments: TargetKind.allCases)
  func theSameBytesMayBePutAgain(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      var random = SeededRandom(32)
      let bytes = random.bytes(2_500_000)
      try await target.put(name, BlobSource(bytes))
      try await target.put(name, BlobSource(bytes))
      #expect(try await target.get(name) == bytes)
    }
  }

  @Test(arguments: TargetKind.allCases)
  func otherBytesAreAConflict(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      var random = SeededRandom(33)
      let bytes = random.bytes(2_500_000)
      try await target.put(name, BlobSource(bytes))
      var last = bytes
      last[last.count - 1] ^= 1
      for other in [[], Array(bytes.dropLast()), bytes + [0], last] {
        let error = try await storeError { try await target.put(name, BlobSource(other)) }
        #expect(error.code == .conflict && error.blob == name)
      }
      #expect(try await target.get(name) == bytes)
    }
  }

  @Test(arguments: TargetKind.allCases)
  func aSpooledBlobIsTakenOver(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      try await withTemporaryDirectory { elsewhere in
        var random = SeededRandom(34)
        let bytes = random.bytes(9_000_001)
        for directory in [elsewhere, target.spoolDirectory ?? elsewhere] {
          let source = try spool(bytes, in: directory)
          try await target.put(name, source)
          try await target.put(name, source)
          #expect(try await target.get(name) == bytes)
          let conflict = try await storeError {
            try await target.put(name, try spool(random.bytes(9_000_001), in: elsewhere))
          }
          #expect(conflict.code == .conflict)
          try await target.delete(name)
        }
      }
    }
  }

  private func spool(_ bytes: [UInt8], in directory: FilePath) throws -> BlobSource {
    let spool = try SpooledFile(in: directory)
    try bytes.withRawBytes { (bytes) throws(Errno) in try spool.file.writeFully(at: 0, bytes) }
    return BlobSource(spool, byteCount: Int64(bytes.count))
  }

  @Test(arguments: TargetKind.allCases)
  func whatWasDeletedIsGoneAndMayComeBackDifferent(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      try await target.put(name, BlobSource([1]))
      try await target.delete(name)
      #expect(try await target.size(of: name) == nil)
      #expect(try await target.names().isEmpty)
      try await target.delete(name)
      try await target.put(name, BlobSource([2]))
      #expect(try await target.get(name) == [2])
    }
  }

  @Test(arguments: TargetKind.allCases)
  func oneNameFromManyTasksIsPutOnce(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      let name = name
      var random = SeededRandom(35)
      let bytes = random.bytes(200_000)
      try await withThrowingTaskGroup { group in
        for _ in 0..<32 {
          group.addTask { try await target.put(name, BlobSource(bytes)) }
          group.addTask {
            // Whole, or not there yet.
            if let size = try await target.size(of: name) { #expect(size == 200_000) }
          }
        }
        try await group.waitForAll()
      }
      #expect(try await target.get(name) == bytes)
      #expect(try await target.names() == [name.description])
    }
  }

  @Test(arguments: TargetKind.allCases)
  func ofManyTasksWithDifferentBytesOneWins(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      let name = name
      let winners = await withTaskGroup { group in
        for number in UInt8(0)..<32 {
          group.addTask { () -> UInt8? in
            do throws(ChunkStoreError) {
              try await target.put(name, BlobSource([number]))
              return number
            } catch {
              #expect(error.code == .conflict)
              return nil
            }
          }
        }
        return await group.reduce(into: [UInt8]()) { if let winner = $1 { $0.append(winner) } }
      }
      #expect(winners.count == 1)
      let found = try await target.get(name)
      #expect(found == winners)
    }
  }
}
