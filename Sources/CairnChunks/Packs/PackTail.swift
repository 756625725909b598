import CairnCore
import CairnCrypto

/// Reads the tables of packs that no index blob describes: what a crash left, or a lost index.
struct PackTail {
  let target: any Target
  let keys: PackKeys

  /// The most that a header is taken to be; those of the library are some 300 bytes.
  static let headerGuess: Int64 = 4096

  /// Called from the library's own threads.
  func read(_ blob: BlobInfo) throws(ChunkStoreError) -> (PackInfo, PackTable) {
    guard let digest = blob.name.contentDigest else {
      throw .damaged(blob.name, "its name is not that of a pack")
    }
    let front = try target.getBlocking(blob.name, range: 0..<min(Self.headerGuess, blob.size))
    let (key, payloadOffset) = try keys.open(front, of: blob.name)
    let pack = PackInfo(digest: digest, size: blob.size, payloadOffset: payloadOffset)
    // The size is what the target's listing says, which may be anything.
    guard pack.isPossible else { throw .impossiblePack(blob) }
    var cipher: SegmentCipher
    do {
      cipher = try SegmentCipher(key)
    } catch {
      throw .sealing(error)
    }
    func plaintext(_ range: Range<Int>) throws(ChunkStoreError) -> [UInt8] {
      let first = range.lowerBound / Segment.plainSize
      let last = max(range.lowerBound, range.upperBound - 1) / Segment.plainSize
      var bytes: [UInt8] = []
      for number in first...last {
        let sealed = try target.getBlocking(blob.name, range: pack.sealedRange(number..<number + 1))
        bytes += try cipher.openSegment(number, of: pack, sealed)
      }
      let start = range.lowerBound - first * Segment.plainSize
      guard start + range.count <= bytes.count else {
        throw .damaged(blob.name, "it is too short")
      }
      return Array(bytes[start..<start + range.count])
    }
    guard pack.plainSize >= PackFormat.magic.count + PackFormat.trailerSize else {
      throw .damaged(blob.name, "it is too short")
    }
    let end = pack.plainSize
    let trailer = try PackTrailer(plaintext(end - PackFormat.trailerSize..<end), of: pack)
    let bytes = try plaintext(trailer.tableStart..<trailer.tableStart + trailer.tableLength)
    do {
      let table = try PackTable(bytes.span.bytes)
      guard table.endOfBlocks == trailer.tableStart else {
        throw PackFormat.malformed("a table that does not fit its blocks")
      }
      keys.remember(key, of: pack)
      return (pack, table)
    } catch {
      throw .damaged(blob.name, "\(error)")
    }
  }
}
