import CairnCore
import CairnCrypto
import SystemPackage
import Testing

@testable import CairnChunks

@Suite struct PackFormatTests {
  private let hasher = ChunkHasher(FixedSecrets.access.idKey)

  /// The record of a chunk, as the format has it.
  private func record(links: [ChunkID], _ data: [UInt8]) -> [UInt8] {
    var writer = BinaryWriter()
    writer.append(varint: links.count)
    writer.append(varint: data.count)
    for link in links { link.digest.withBytes { writer.append($0) } }
    writer.append(data)
    return writer.bytes
  }

  private func entry(_ record: [UInt8]) throws -> PackTable.Entry {
    let parsed = try ChunkRecord(record.span.bytes)
    return PackTable.Entry(
      id: hasher.id(of: parsed), recordLength: UInt32(record.count),
      hasLinks: parsed.linkCount > 0)
  }

  /// A pack of a raw block and one that LZ4 packed, by hand: only literals, so that it does not
  /// depend on the version of liblz4.
  private func makePack() throws -> (pack: FinishedPack, source: BlobSource) {
    let spool = try SpooledFile(in: "/tmp")
    let builder = try PackBuilder(
      in: spool, for: [FixedSecrets.packIdentity.recipient], isChecked: true)
    let first = record(links: [], Array("a chunk".utf8))
    let second = record(links: [FixedSecrets.id(1), FixedSecrets.id(2)], [])
    try (first + second).withRawBytes { (bytes) throws(ChunkStoreError) in
      try builder.append(
        stored: bytes, rawLength: bytes.count, codec: 0,
        entries: [try! entry(first), try! entry(second)])
    }
    let third = record(links: [], Array("0123456789abcdef".utf8))
    // 15 literals in the token, 3 more, and the bytes.
    try ([0xF0, 3] + third).withRawBytes { (bytes) throws(ChunkStoreError) in
      try builder.append(
        stored: bytes, rawLength: third.count, codec: 1, entries: [try! entry(third)])
    }
    let pack = try builder.finish()
    return (pack, BlobSource(spool, byteCount: pack.info.size))
  }

  @Test func isWhatItWas() throws {
    let (pack, source) = try makePack()
    let sealed = try source.read(0..<source.byteCount)
    let plain = try Age.open(sealed, with: [FixedSecrets.packIdentity])
    try Golden.check("pack.bin", plain)
    #expect(pack.info.plainSize == plain.count)
    #expect(SHA256.hash(of: sealed.span.bytes) == pack.info.digest)
  }

  @Test func yesterdaysPackIsReadAndChecked() throws {
    // Sealed anew, for the seal is age's and not this format's.
    let plain = try Golden.read("pack.bin")
    let target = MemoryTarget()
    let keys = PackKeys(target: target, identities: [FixedSecrets.packIdentity])
    let pack = try put(plain, on: target)
    let (info, table) = try PackTail(target: target, keys: keys).read(pack)
    #expect(try table.encoded == makePack().pack.table.encoded)
    let scan = PackScan(hasher: hasher, compressors: [LZ4()])
    let found = try scan.check(info, key: keys.key(of: info)) {
      (range) throws(ChunkStoreError) in try target.load(info.blob, range: range)
    }
    #expect(found.encoded == table.encoded)
  }

  /// Seals a plaintext as the pack that it may or may not be.
  private func put(_ plain: [UInt8], on target: MemoryTarget) throws -> BlobInfo {
    let sealed = try Age.seal(plain, to: [FixedSecrets.packIdentity.recipient])
    let name = BlobName.pack(SHA256.hash(of: sealed.span.bytes))
    try target.store(name, BlobSource(sealed))
    return BlobInfo(name: name, size: Int64(sealed.count))
  }

  /// Reads a plaintext as a pack, tail and all of it; gives the first error.
  private func error(_ plain: [UInt8]) throws -> ChunkStoreError? {
    let target = MemoryTarget()
    let keys = PackKeys(target: target, identities: [FixedSecrets.packIdentity])
    let blob = try put(plain, on: target)
    do throws(ChunkStoreError) {
      let (info, _) = try PackTail(target: target, keys: keys).read(blob)
      let scan = PackScan(hasher: hasher, compressors: [LZ4()])
      _ = try scan.check(info, key: keys.key(of: info)) {
        (range) throws(ChunkStoreError) in try target.load(info.blob, range: range)
      }
      return nil
    } catch {
      #expect(error.blob == blob.name)
      return error
    }
  }

  @Test func everyTruncationAndEveryFlipIsAnError() throws {
    let plain = try Golden.read("pack.bin")
    #expect(try error(plain) == nil)
    for damaged in Damage.truncations(of: plain) { #expect(try error(damaged) != nil) }
    // The low half of the last token of an LZ4 block is the length of a match that does not follow.
    let token = try #require(plain.firstRange(of: [0xF0, 3])).lowerBound * 8
    for bit in 0..<plain.count * 8 where !(token..<token + 4).contains(bit) {
      #expect(try error(Damage.flip(bit, of: plain)) != nil, "bit \(bit)")
    }
  }

  @Test func everyChangedByteOfASealedPackIsFound() throws {
    let (pack, source) = try makePack()
    let sealed = try source.read(0..<source.byteCount)
    let scan = PackScan(hasher: hasher, compressors: [LZ4()])
    for position in sealed.indices {
      var bytes = sealed
      bytes[position] ^= 1
      #expect(throws: ChunkStoreError.self, "byte \(position)") {
        try scan.check(pack.info, key: pack.key) { range in
          Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
        }
      }
    }
  }

  @Test func aNewerVersionIsToldFromDamage() throws {
    var plain = try Golden.read("pack.bin")
    plain[plain.count - 12] = 2
    #expect(try error(plain)?.code == .newerFormat)
  }

  @Test func everyTruncationAndFlipOfTheTableIsAnErrorOrAnotherTable() throws {
    let table = try makePack().pack.table
    let bytes = table.encoded
    for damaged in Damage.truncations(of: bytes) + [bytes + [0]] {
      #expect(throws: IOError.self) { try PackTable(damaged.span.bytes) }
    }
    for (bit, damaged) in Damage.flips(of: bytes).enumerated() {
      guard let found = try? PackTable(damaged.span.bytes) else { continue }
      #expect(found.encoded != bytes, "bit \(bit)")
    }
  }

  @Test func anEmptyPackIsAPack() throws {
    let spool = try SpooledFile(in: "/tmp")
    let pack = try PackBuilder(
      in: spool, for: [FixedSecrets.packIdentity.recipient], isChecked: false
    ).finish()
    let sealed = try BlobSource(spool, byteCount: pack.info.size).read(0..<pack.info.size)
    #expect(try error(try Age.open(sealed, with: [FixedSecrets.packIdentity])) == nil)
  }

  @Test func chunkIDsAreWhatTheyWere() throws {
    let chunks: [[UInt8]] = [
      record(links: [], []), record(links: [], [0]), record(links: [FixedSecrets.id(1)], [1, 2]),
    ]
    let text = try chunks.map { "\(try entry($0).id)\n" }.joined()
    try Golden.check("chunk-ids.txt", Array(text.utf8))
  }

  @Test func everyTruncationAndFlipOfARecordIsAnErrorOrAnotherChunk() throws {
    let record = record(links: [FixedSecrets.id(1)], Array("some data".utf8))
    let id = try entry(record).id
    for damaged in Damage.truncations(of: record) + [record + [0]] {
      #expect(throws: IOError.self) { _ = try ChunkRecord(damaged.span.bytes) }
    }
    for (bit, damaged) in Damage.flips(of: record).enumerated() {
      guard let found = try? entry(damaged) else { continue }
      #expect(found.id != id, "bit \(bit)")
    }
  }
}
