import CairnCore
import CairnCrypto
import SystemPackage

/// A blob of a target that was fetched whole and has the digest that is its name: in memory if it is
/// small, and in a temporary file otherwise. So it can be read more than once, and is the same each
/// time.
final class FetchedBlob: Sendable {
  let byteCount: Int64

  private enum Place {
    case memory([UInt8])
    case file(SpooledFile)
  }
  private let place: Place

  private static let memoryLimit: Int64 = 4 << 20
  private static let pieceSize: Int64 = 1 << 20

  /// Fetches a blob. Blocks: for the library's own threads.
  ///
  /// - Parameter spoolDirectory: where the temporary file is.
  init(
    _ blob: BlobInfo, on target: any Target, spoolDirectory: FilePath
  ) throws(ChunkStoreError) {
    var hash = SHA256()
    if blob.size <= Self.memoryLimit {
      let bytes = try target.getBlocking(blob.name, range: nil)
      hash.update(bytes.span.bytes)
      place = .memory(bytes)
      byteCount = Int64(bytes.count)
    } else {
      let spool = try Self.makeSpool(in: spoolDirectory)
      let file = SpoolWriter(spool)
      while file.byteCount < blob.size {
        let start = file.byteCount
        let piece = try target.getBlocking(
          blob.name, range: start..<min(blob.size, start + Self.pieceSize))
        guard !piece.isEmpty else { break }
        hash.update(piece.span.bytes)
        do {
          try file.write(piece.span.bytes)
        } catch {
          throw Self.noRoom(error)
        }
      }
      place = .file(spool)
      byteCount = file.byteCount
    }
    guard hash.finalize() == blob.name.contentDigest else {
      throw .damaged(blob.name, "its bytes do not have the digest that names it")
    }
  }

  private static func makeSpool(in directory: FilePath) throws(ChunkStoreError) -> SpooledFile {
    do {
      return try SpooledFile(in: directory)
    } catch {
      throw noRoom(error)
    }
  }

  @inline(never)
  private static func noRoom(_ error: IOError) -> ChunkStoreError {
    ChunkStoreError(
      .targetFailed, "a part of the index cannot be kept in a temporary file", cause: error)
  }

  /// Reads on from `offset` as far as there is room.
  fileprivate func read(
    at offset: Int64, into buffer: inout OutputRawSpan
  ) throws(IOError) -> Int {
    let wanted = Int(min(Int64(buffer.freeCapacity), byteCount - offset))
    guard wanted > 0 else { return 0 }
    switch place {
    case .memory(let bytes):
      return buffer.append { free in
        bytes.withUnsafeBytes {
          free.copyMemory(
            from: UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset) + wanted]))
        }
        return wanted
      }
    case .file(let spool):
      var failure: Errno?
      let count = buffer.append { free in
        do throws(Errno) {
          let room = UnsafeMutableRawBufferPointer(rebasing: free[..<wanted])
          return try spool.file.readFully(at: offset, into: room)
        } catch {
          failure = error
          return 0
        }
      }
      if let failure { throw .systemCall("read", "a temporary file", failure) }
      return count
    }
  }
}

/// Reads a fetched blob from front to back.
struct FetchedBlobReader: ByteReader {
  let blob: FetchedBlob
  private var offset: Int64 = 0

  init(_ blob: FetchedBlob) {
    self.blob = blob
  }

  mutating func read(into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    let count = try blob.read(at: offset, into: &buffer)
    offset += Int64(count)
    return count
  }
}
