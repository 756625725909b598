#if S3
  import CairnChunks
  import CairnCore
  import CairnCrypto
  import NIOCore
  import Synchronization

  /// A part of a blob's bytes, read piece by piece on threads kept for blocking calls.
  struct BodyPieces: AsyncSequence, Sendable {
    typealias Element = NIOCore.ByteBuffer

    let source: BlobSource
    let range: Range<Int64>
    /// Keeps what failed here apart from what failed on the way to the server.
    let failure = SourceFailure()

    static var pieceSize: Int64 { 256 << 10 }

    func makeAsyncIterator() -> Iterator {
      Iterator(source: source, failure: failure, rest: range)
    }

    struct Iterator: AsyncIteratorProtocol {
      let source: BlobSource
      let failure: SourceFailure
      var rest: Range<Int64>

      mutating func next() async throws -> NIOCore.ByteBuffer? {
        guard !rest.isEmpty else { return nil }
        let end = Swift.min(rest.lowerBound + BodyPieces.pieceSize, rest.upperBound)
        let piece = rest.lowerBound..<end
        do throws(CairnCore.IOError) {
          let bytes = try await ThreadPool.blocking.run {
            [source] () throws(CairnCore.IOError) -> [UInt8] in
            try source.read(piece)
          }
          rest = end..<rest.upperBound
          return NIOCore.ByteBuffer(bytes: bytes)
        } catch {
          failure.set(error)
          throw error
        }
      }
    }
  }

  /// What failed while a source was read, if something did.
  final class SourceFailure: Sendable {
    private let error = Mutex<CairnCore.IOError?>(nil)

    func set(_ new: CairnCore.IOError) { error.withLock { $0 = new } }
    var value: CairnCore.IOError? { error.withLock { $0 } }
  }

  extension BlobSource {
    /// The SHA-256 of a part.
    func digest(of range: Range<Int64>) async throws(CairnCore.IOError) -> Digest {
      try await ThreadPool.blocking.run { () throws(CairnCore.IOError) -> Digest in
        var state = SHA256()
        var offset = range.lowerBound
        while offset < range.upperBound {
          let end = min(offset + BodyPieces.pieceSize, range.upperBound)
          let bytes = try read(offset..<end)
          state.update(bytes.span.bytes)
          offset = end
        }
        return state.finalize()
      }
    }
  }
#endif
