import CairnCore
import CairnCrypto

/// Reads an index blob from a target from front to back, in bounded memory whatever its length: a
/// MiB of it at a time, and one pack's table.
///
/// What it hands out was authenticated, segment by segment; whether the blob is whole, and the one
/// that its name says, is told by the call that gives no more. Blocks: for the library's own threads.
struct IndexBlobReader: ~Copyable {
  private let blob: BlobInfo
  private let stored: StoredBlob
  private var plain: OpeningReader<StoredBlob>
  private var parser: IndexBlobParser
  private let piece = ByteBuffer(capacity: Segment.plainSize)

  init(
    _ blob: BlobInfo, on target: any Target, _ identity: any Identity
  ) throws(ChunkStoreError) {
    self.blob = blob
    stored = StoredBlob(blob.name, on: target)
    parser = IndexBlobParser(blob.name, byteCount: blob.size)
    do {
      plain = try OpeningReader(stored, identities: [identity])
    } catch {
      throw stored.reason(for: error)
    }
  }

  /// - Throws: ``ChunkStoreError/Code/missing`` if the blob is not there, or not any more.
  mutating func next() throws(ChunkStoreError) -> IndexBlobParser.Element? {
    while true {
      if let element = try parser.next() { return element }
      piece.removeAll()
      let count: Int
      do throws(CryptoError) {
        var output = OutputRawSpan(buffer: piece.free, initializedCount: 0)
        count = try plain.read(into: &output)
        piece.count = output.finalize(for: piece.free)
      } catch {
        throw stored.reason(for: error)
      }
      guard count > 0 else { break }
      parser.append(piece.bytes)
    }
    try parser.finish()
    guard stored.digest == blob.name.contentDigest else {
      throw .damaged(blob.name, "its bytes do not have the digest that names it")
    }
    return nil
  }
}

/// The bytes of a blob on a target, and their digest.
final class StoredBlob: ByteReader {
  private let name: BlobName
  private let target: any Target
  private var hash = SHA256()
  private var offset: Int64 = 0
  /// What was fetched, and is not handed out from `used` on.
  private var fetched: [UInt8] = []
  private var used = 0
  private var failure: ChunkStoreError?

  private static let pieceSize: Int64 = 1 << 20

  init(_ name: BlobName, on target: any Target) {
    self.name = name
    self.target = target
  }

  /// Of the bytes read so far; called once.
  var digest: Digest { hash.finalize() }

  /// The target's own error, if it was that.
  func reason(for error: CryptoError) -> ChunkStoreError {
    failure ?? .damaged(name, "\(error)")
  }

  func read(into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    if used == fetched.count {
      do throws(ChunkStoreError) {
        fetched = try target.getBlocking(name, range: offset..<offset + Self.pieceSize)
      } catch {
        failure = error
        throw IOError(.malformed, operation: "read", subject: "\(name)", detail: error.message)
      }
      used = 0
      offset += Int64(fetched.count)
      fetched.withUnsafeBytes { hash.update($0) }
    }
    let count = min(buffer.freeCapacity, fetched.count - used)
    let from = used
    used += count
    let bytes = fetched
    return buffer.append { free in
      bytes.withUnsafeBytes {
        free.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[from..<from + count]))
      }
      return count
    }
  }
}
