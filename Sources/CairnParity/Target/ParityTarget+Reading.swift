#if Parity
  import CairnChunks
  import CairnCore
  import CairnCrypto
  import SystemPackage

  extension ParityTarget {
    /// What a disk gives or refuses at once.
    private static let sectorSize: Int64 = 4 << 10

    /// The bytes of a range. What the disk reports as unreadable is zeros, and found by its checksum.
    func readable(
      _ name: BlobName, _ range: Range<Int64>
    ) async throws(ChunkStoreError) -> [UInt8] {
      do throws(ChunkStoreError) {
        return try await base.get(name, range: range)
      } catch {
        guard error.isUnreadable else { throw error }
      }
      var bytes: [UInt8] = []
      var start = range.lowerBound
      while start < range.upperBound {
        let end = min(start + Self.sectorSize, range.upperBound)
        do throws(ChunkStoreError) {
          bytes += try await base.get(name, range: start..<end)
        } catch {
          guard error.isUnreadable else { throw error }
          bytes += repeatElement(0, count: Int(end - start))
        }
        start = end
      }
      return bytes
    }

    /// The damaged shards of a blob.
    ///
    /// - Parameter size: the bytes that it has.
    func damage(
      of name: BlobName, size: Int64, by sidecar: Sidecar
    ) async throws(ChunkStoreError) -> [Int] {
      var check = BlobCheck(sidecar)
      for range in sidecar.layout.pieces where range.lowerBound < size {
        check.take(try await readable(name, range.lowerBound..<min(range.upperBound, size)))
      }
      check.finish()
      return check.damaged
    }

    /// A blob that is damaged, as well as it can be had.
    enum Recovered: Sendable {
      /// Its bytes are those that its name tells: the checksums are wrong.
      case sound([UInt8])
      case mended([UInt8])
      /// All shards but these are as they were.
      case partly([UInt8], lost: [Int])
      case lost
    }

    /// Mends in memory.
    func recover(
      _ name: BlobName, size: Int64, _ damaged: [Int], by sidecar: Sidecar
    ) async throws(ChunkStoreError) -> Recovered {
      // Neither a blob that grew nor one that shrank is read beyond what it should be.
      let bytes = try await readable(name, 0..<min(size, Int64(sidecar.layout.blobSize)))
      let isWhole = size == Int64(sidecar.layout.blobSize)
      return await Self.threads.run {
        if isWhole, name.isDigest(of: bytes) == true { return .sound(bytes) }
        guard let mending = Mending(bytes, damaged, by: sidecar) else { return .lost }
        let open = (mending.lost + mending.unconfirmed).sorted()
        // Of two that tell what the blob was, its own name is the better one.
        switch name.isDigest(of: mending.bytes) {
        case true: return .mended(mending.bytes)
        case false where open.isEmpty: return .lost
        case nil where open.isEmpty: return .mended(mending.bytes)
        default: return .partly(mending.bytes, lost: open)
        }
      }
    }
  }

  extension BlobName {
    /// Whether the name ends in the digest of these bytes; `nil` if it ends in none.
    func isDigest(of bytes: [UInt8]) -> Bool? {
      Digest(String(lastPart.suffix(2 * Digest.byteCount))).map {
        $0 == SHA256.hash(of: bytes.span.bytes)
      }
    }
  }

  extension ChunkStoreError {
    /// Whether a disk says that it cannot read what is stored there.
    fileprivate var isUnreadable: Bool { cause?.errno == .ioError }
  }
#endif
