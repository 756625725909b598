import CairnCore
import CairnCrypto
import SystemPackage

/// Reads an index blob from front to back, in bounded memory whatever its length: the blob itself if
/// it is small, and one pack's table.
///
/// Before it hands out anything it has checked that the blob is the one that its name says, and that
/// it is signed by somebody who may write. Blocks: for the library's own threads.
struct IndexBlobReader: ~Copyable {
  private var plain: Plaintext
  private var parser: IndexBlobParser

  /// - Parameter spoolDirectory: where a large blob is kept meanwhile, sealed as it is.
  /// - Throws: ``ChunkStoreError/Code/missing`` if the blob is not there, or not any more.
  init(
    _ blob: BlobInfo, on target: any Target, _ keyring: Keyring,
    spoolDirectory: FilePath = "/var/tmp"
  ) throws(ChunkStoreError) {
    let fetched = try FetchedBlob(blob, on: target, spoolDirectory: spoolDirectory)
    let content = try Self.checkSignature(of: fetched, blob.name, keyring)
    plain = try Plaintext(fetched, blob.name, keyring, content)
    parser = IndexBlobParser(blob.name, byteCount: blob.size)
  }

  mutating func next() throws(ChunkStoreError) -> IndexBlobParser.Element? {
    while true {
      if let element = try parser.next() { return element }
      guard let piece = try plain.next() else { break }
      parser.append(piece)
    }
    try parser.finish()
    return nil
  }

  /// Where in the plaintext the content is; `nil` for all of it.
  private static func checkSignature(
    of fetched: FetchedBlob, _ blob: BlobName, _ keyring: Keyring
  ) throws(ChunkStoreError) -> Range<Int64>? {
    // A repository of the first format has no signatures.
    let (authorities, repository) = (keyring.authorities, keyring.current.repository)
    guard !authorities.isEmpty else { return nil }
    var plain = try Plaintext(fetched, blob, keyring)
    // A piece is longer than a head, unless the blob ends before.
    guard var piece = try plain.next() else { throw .damaged(blob, "nobody has signed it") }
    let head = try SignedBlob.decodeHead(
      piece.span.bytes, of: blob, authorities: authorities, in: repository)
    piece.removeFirst(head.byteCount)
    var hash = SHA256()
    var byteCount: Int64 = 0
    // The last bytes so far, which may be the signature.
    var end: [UInt8] = []
    while true {
      end += piece
      let content = max(0, end.count - SignedBlob.signatureSize)
      hash.update(end.span.bytes.extracting(0..<content))
      byteCount += Int64(content)
      end.removeFirst(content)
      guard let next = try plain.next() else { break }
      piece = next
    }
    try SignedBlob.check(end, of: .index, hash.finalize(), head, in: blob, repository)
    return Int64(head.byteCount)..<Int64(head.byteCount) + byteCount
  }
}

/// The plaintext of a fetched index blob, piece by piece.
private struct Plaintext: ~Copyable {
  private let blob: BlobName
  private var opening: OpeningReader<FetchedBlobReader>
  private let buffer = ByteBuffer(capacity: Segment.plainSize)
  /// Bytes that are passed over, and those behind them that are wanted.
  private var skipped: Int64
  private var wanted: Int64

  /// - Parameter range: the part of it that is handed out.
  init(
    _ fetched: FetchedBlob, _ blob: BlobName, _ keyring: Keyring, _ range: Range<Int64>? = nil
  ) throws(ChunkStoreError) {
    do {
      opening = try OpeningReader(
        FetchedBlobReader(fetched), identities: keyring.indexIdentities)
    } catch {
      throw keyring.failure(opening: blob, error)
    }
    self.blob = blob
    skipped = range?.lowerBound ?? 0
    wanted = range.map { $0.upperBound - $0.lowerBound } ?? .max
  }

  /// Some bytes, or `nil` at the end.
  mutating func next() throws(ChunkStoreError) -> [UInt8]? {
    while wanted > 0 {
      buffer.removeAll()
      while !buffer.free.isEmpty {
        let count: Int
        do throws(CryptoError) {
          var output = OutputRawSpan(buffer: buffer.free, initializedCount: 0)
          count = try opening.read(into: &output)
          buffer.count += output.finalize(for: buffer.free)
        } catch {
          throw .damaged(blob, "\(error)")
        }
        if count == 0 { break }
      }
      guard !buffer.isEmpty else { return nil }
      let passed = Int(min(skipped, Int64(buffer.count)))
      skipped -= Int64(passed)
      let count = Int(min(wanted, Int64(buffer.count - passed)))
      wanted -= Int64(count)
      if count > 0 {
        return Array(UnsafeRawBufferPointer(rebasing: buffer.bytes[passed..<passed + count]))
      }
    }
    return nil
  }
}
