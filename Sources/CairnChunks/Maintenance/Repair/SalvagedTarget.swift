import CairnCore
import CairnCrypto
import Synchronization

/// A repository's target as it would be if damaged packs were as whole as all copies together make
/// them. Nothing is written to it.
final class SalvagedTarget: Target {
  private let targets: [any Target]
  private let packs = Mutex<[BlobName: SalvagedPack]>([:])

  /// - Parameter targets: the repository's own, and copies.
  init(_ targets: [any Target]) {
    self.targets = targets
  }

  private var base: any Target { targets[0] }
  var name: String { base.name }

  /// Has a pack read as it was salvaged.
  func insert(_ pack: SalvagedPack) {
    packs.withLock { $0[pack.info.blob] = pack }
  }

  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8] {
    guard let pack = packs.withLock({ $0[name] }) else {
      return try await base.get(name, range: range)
    }
    let range = (range ?? 0..<pack.info.size).clamped(to: 0..<pack.info.size)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    var position = range.lowerBound
    while position < range.upperBound {
      let payload = position - Int64(pack.info.payloadOffset)
      guard payload >= 0 else {
        let part = position..<min(Int64(pack.info.payloadOffset), range.upperBound)
        bytes += try await targets[Int(pack.headerPlace)].get(name, range: part)
        position = part.upperBound
        continue
      }
      let segment = Int(payload) / Segment.sealedSize
      let part = pack.info.sealedRange(segment..<segment + 1)
        .clamped(to: position..<range.upperBound)
      if segment < pack.places.count, pack.places[segment] != SalvagedPack.nowhere {
        bytes += try await targets[Int(pack.places[segment])].get(name, range: part)
      } else {
        // Zeros do not open.
        bytes += repeatElement(0, count: part.count)
      }
      position = part.upperBound
    }
    return bytes
  }

  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    if let pack = packs.withLock({ $0[name] }) { return pack.info.size }
    return try await base.size(of: name)
  }

  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    try await base.list(prefix, after: after, limit: limit)
  }

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    throw Self.readOnly(name)
  }

  func delete(_ name: BlobName) async throws(ChunkStoreError) {
    throw Self.readOnly(name)
  }

  private static func readOnly(_ name: BlobName) -> ChunkStoreError {
    ChunkStoreError(.invalid, "\(name) is only looked at", blob: name)
  }
}
