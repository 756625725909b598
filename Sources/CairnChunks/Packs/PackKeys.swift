import CairnCore
import CairnCrypto
import Synchronization

/// Opens the headers of packs and remembers their payload keys, a bounded number of them.
final class PackKeys: Sendable {
  private let target: any Target
  private let identities: [any Identity]
  private let known = Mutex<[Digest: PayloadKey]>([:])

  /// Some 150 bytes each.
  private static let limit = 8192

  init(target: any Target, identities: [any Identity]) {
    self.target = target
    self.identities = identities
  }

  /// The key of a pack, if its header was opened before.
  func known(of pack: PackInfo) -> PayloadKey? { known.withLock { $0[pack.digest] } }

  /// The key of a pack, from memory or from its header; called from the library's own threads.
  func key(of pack: PackInfo) throws(ChunkStoreError) -> PayloadKey {
    if let key = known(of: pack) { return key }
    let bytes = try target.getBlocking(pack.blob, range: 0..<Int64(pack.payloadOffset))
    let (key, payloadOffset) = try open(bytes, of: pack.blob)
    guard payloadOffset == pack.payloadOffset else {
      throw .damaged(pack.blob, "its header has another length than the index says")
    }
    remember(key, of: pack)
    return key
  }

  /// Keeps the key of a pack that was written here, so that it can be read without an identity.
  func remember(_ key: PayloadKey, of pack: PackInfo) {
    known.withLock { known in
      if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
      known[pack.digest] = key
    }
  }

  /// Opens the header at the front of a pack's bytes.
  func open(
    _ bytes: [UInt8], of blob: BlobName
  ) throws(ChunkStoreError) -> (key: PayloadKey, payloadOffset: Int) {
    guard !identities.isEmpty else {
      throw .notPermitted(
        "the key that opened the repository can add to it, and not read \(blob)", blob: blob)
    }
    do {
      guard let header = try Header.parse(bytes.span.bytes) else {
        throw ChunkStoreError.damaged(blob, "its header is cut off")
      }
      let payloadOffset = header.byteCount + PayloadKey.nonceSize
      guard bytes.count >= payloadOffset else {
        throw ChunkStoreError.damaged(blob, "its header is cut off")
      }
      let fileKey = try header.unwrap(with: identities)
      let nonce = bytes.span.bytes.extracting(header.byteCount..<payloadOffset)
      let key = try PayloadKey(fileKey, nonce: nonce)
      return (key, payloadOffset)
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw .damaged(blob, "its header does not open (\(error))")
    }
  }
}
