import CairnCore
import CairnCrypto

/// Takes an index blob's plaintext apart as it comes, holding no more of it than one pack's table.
struct IndexBlobParser {
  enum Element {
    /// A blob that this one replaces.
    case replaced(Digest)
    /// A pack and its encoded table.
    case pack(PackInfo, table: [UInt8])
  }

  private enum Part {
    case head
    case replaced(left: UInt64)
    /// How many are left in version 1; later ones go on until the end.
    case packs(left: UInt64?)
  }

  private let blob: BlobName
  /// A table is not longer than the blob that holds it.
  private let byteCount: Int64
  private var part = Part.head
  private var bytes: [UInt8] = []
  /// Where the bytes begin that were not taken apart yet.
  private var start = 0

  private static let packHeadSize = 32 + 8 + 4

  /// - Parameter byteCount: of the blob, by which a damaged length is told.
  init(_ blob: BlobName, byteCount: Int64) {
    self.blob = blob
    self.byteCount = byteCount
  }

  /// Takes the next bytes of the plaintext.
  mutating func append(_ more: some Collection<UInt8>) {
    bytes.removeFirst(start)
    start = 0
    bytes.append(contentsOf: more)
  }

  /// The next element, or `nil` if there are not enough bytes for it yet.
  mutating func next() throws(ChunkStoreError) -> Element? {
    do {
      if case .head = part, try !readHead() { return nil }
      if case .replaced(let left) = part {
        if left > 0 {
          guard bytes.count - start >= 32 else { return nil }
          part = .replaced(left: left - 1)
          return .replaced(takeDigest())
        }
        part = .packs(left: nil)
      }
      return try readPack()
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw .damaged(blob, "\(error)")
    }
  }

  /// After the last byte: throws unless the blob ends here.
  func finish() throws(ChunkStoreError) {
    let isWhole =
      switch part {
      case .packs(nil), .packs(0): start == bytes.count
      default: false
      }
    guard isWhole else { throw .damaged(blob, "it does not end where it should") }
  }

  /// - Returns: whether the bytes were enough.
  private mutating func readHead() throws -> Bool {
    let magic = IndexBlob.magic
    guard bytes[start...].prefix(8).elementsEqual(magic.prefix(bytes.count - start)) else {
      throw ChunkStoreError.damaged(blob, "it is not part of the index")
    }
    guard bytes.count - start >= 12 else { return false }
    var reader = BinaryReader(bytes.span.bytes.extracting((start + 8)..<(start + 12)))
    let version = try reader.read(UInt32.self)
    guard (1...IndexBlob.version).contains(version) else {
      throw ChunkStoreError(
        .newerFormat, "\(blob) has format \(version), newer than this program; update it",
        blob: blob)
    }
    guard let (count, end) = try varint(at: start + 12) else { return false }
    start = end
    part = version == 1 ? .packs(left: count) : .replaced(left: count)
    return true
  }

  private mutating func readPack() throws -> Element? {
    guard case .packs(let left) = part, left != 0, bytes.count - start >= Self.packHeadSize,
      let (tableLength, tableStart) = try varint(at: start + Self.packHeadSize)
    else { return nil }
    guard tableLength <= UInt64(byteCount) else {
      throw PackFormat.malformed("a table that is longer than the blob")
    }
    let end = tableStart + Int(tableLength)
    guard end <= bytes.count else { return nil }
    let digest = takeDigest()
    var reader = BinaryReader(bytes.span.bytes.extracting(start..<start + 12))
    let size = try reader.read(Int64.self)
    let payloadOffset = Int(try reader.read(UInt32.self))
    let pack = PackInfo(digest: digest, size: size, payloadOffset: payloadOffset)
    guard pack.isPossible else { throw PackFormat.malformed("a pack of an impossible size") }
    let table = Array(bytes[tableStart..<end])
    start = end
    part = .packs(left: left.map { $0 - 1 })
    return .pack(pack, table: table)
  }

  private mutating func takeDigest() -> Digest {
    defer { start += 32 }
    return Digest(bytes: bytes.span.bytes.extracting(start..<start + 32))
  }

  /// The varint at `offset` and where it ends, or `nil` if it is not all there yet.
  private func varint(at offset: Int) throws -> (value: UInt64, end: Int)? {
    let rest = bytes[offset...].prefix(10)
    guard rest.count == 10 || rest.contains(where: { $0 < 0x80 }) else { return nil }
    var reader = BinaryReader(bytes.span.bytes.extracting(offset..<offset + rest.count))
    return (try reader.readVarint(), offset + reader.offset)
  }
}
