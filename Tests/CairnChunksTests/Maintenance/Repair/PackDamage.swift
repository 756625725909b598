import CairnCrypto
import Testing

@testable import CairnChunks

/// A way to harm a pack, and what that means by the layout of packs alone.
enum PackDamage: CustomStringConvertible {
  /// These bits are other than they were.
  case flipped([Int])
  /// The bytes of a range became zeros, or other noise.
  case overwritten(Range<Int>, with: UInt8?)
  /// Only so many bytes are left.
  case cut(Int)
  /// So many bytes follow that are none of it.
  case extended(Int)
  case deleted

  var description: String {
    switch self {
    case .flipped(let bits): "flipped bits \(bits)"
    case .overwritten(let range, let byte): "overwrote \(range) with \(byte as Any)"
    case .cut(let length): "cut to \(length)"
    case .extended(let count): "extended by \(count)"
    case .deleted: "deleted"
    }
  }

  var isExtension: Bool { if case .extended = self { true } else { false } }

  static func random(in count: Int, _ random: inout SeededRandom) -> PackDamage {
    func position() -> Int { Int(random.next() % UInt64(count)) }
    switch random.next() % 8 {
    case 0, 1: return .flipped((0...random.next() % 4).map { _ in position() * 8 + 3 })
    case 2, 3:
      let (a, b) = (position(), position())
      // Short ones, too.
      let end = random.next() % 2 == 0 ? max(a, b) : min(max(a, b), min(a, b) + 40)
      return .overwritten(min(a, b)..<end + 1, with: random.next() % 2 == 0 ? 0 : nil)
    case 4: return .cut(position())
    case 5: return .cut(count - 1 - Int(random.next() % UInt64(min(count, 300))))
    case 6: return .extended(Int(random.next() % 200_000) + 1)
    default: return .deleted
    }
  }

  /// - Returns: `nil` for no bytes at all.
  func applied(to bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8]? {
    var harmed = bytes
    switch self {
    case .flipped(let bits):
      for bit in bits { harmed = Damage.flip(bit, of: harmed) }
    case .overwritten(let range, let byte):
      let noise = random.bytes(range.count)
      for (number, position) in range.enumerated() { harmed[position] = byte ?? noise[number] }
    case .cut(let length): harmed.removeLast(bytes.count - length)
    case .extended(let count): harmed += random.bytes(count)
    case .deleted: return nil
    }
    return harmed
  }
}

/// What a pack holds, taken from it while it was whole.
struct PackModel {
  let info: PackInfo
  let table: PackTable
  let bytes: [UInt8]

  init(_ blob: BlobInfo, in repository: Repository) async throws {
    (info, table) = try PackTail(target: repository.target, keys: repository.packKeys).read(blob)
    bytes = try await repository.target.get(blob.name)
  }

  /// The ids of the chunks that can be read of some copies: those in blocks of which each segment is
  /// whole in one of them, if the header is whole in one.
  func survivors(in copies: [[UInt8]?]) -> [ChunkID] {
    let copies = copies.compactMap { $0 }
    guard copies.contains(where: { $0.prefix(info.payloadOffset) == bytes[..<info.payloadOffset] })
    else { return [] }
    let isSound = (0..<info.segmentCount).map { number in
      let range = info.sealedRange(number..<number + 1)
      let (start, end) = (Int(range.lowerBound), Int(range.upperBound))
      return copies.contains { $0.count >= end && $0[start..<end] == bytes[start..<end] }
    }
    var ids: [ChunkID] = []
    for block in table.blocks {
      let start = Int(block.offset)
      let last = start + PackFormat.blockHeaderSize + Int(block.storedLength) - 1
      if isSound[start / Segment.plainSize...last / Segment.plainSize].allSatisfy({ $0 }) {
        ids += table.entries[block.entries].map(\.id)
      }
    }
    return ids
  }
}

extension MemoryTarget {
  /// Puts other bytes in the place of a blob, or none.
  func replace(_ name: BlobName, _ bytes: [UInt8]?) throws {
    remove(name)
    if let bytes { try store(name, BlobSource(bytes)) }
  }
}
