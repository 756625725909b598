import Synchronization

/// Blobs in memory: for tests, and for repositories that need not last.
public final class MemoryTarget: LocalTarget {
  private let blobs = Mutex<[BlobName: [UInt8]]>([:])

  public let name: String

  public init(name: String = "memory") {
    self.name = name
  }

  public func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    let bytes = try source.readAll(for: name)
    let isSame = blobs.withLock { blobs in
      if let present = blobs[name] { return present == bytes }
      blobs[name] = bytes
      return true
    }
    guard isSame else { throw .conflict(name, in: self.name) }
  }

  public func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
    guard let bytes = blobs.withLock({ $0[name] }) else { throw .missing(name) }
    guard let range else { return bytes }
    let whole = 0..<Int64(bytes.count)
    let inside = range.clamped(to: whole)
    return Array(bytes[Int(inside.lowerBound)..<Int(inside.upperBound)])
  }

  public func findSize(of name: BlobName) -> Int64? {
    blobs.withLock { $0[name].map { Int64($0.count) } }
  }

  public func names(_ prefix: String, after: BlobName?, limit: Int) -> [BlobInfo] {
    blobs.withLock { blobs in
      let found = blobs.keys.filter { name in
        name.description.hasPrefix(prefix) && after.map { $0 < name } != false
      }
      return found.sorted().prefix(limit).map {
        BlobInfo(name: $0, size: Int64(blobs[$0]!.count))
      }
    }
  }

  public func remove(_ name: BlobName) {
    blobs.withLock { $0[name] = nil }
  }
}

extension BlobSource {
  /// All the bytes, for a target that keeps them in memory.
  func readAll(for name: BlobName) throws(ChunkStoreError) -> [UInt8] {
    do {
      return try read(0..<byteCount)
    } catch {
      throw ChunkStoreError(
        .targetFailed, "cannot read what is to become \(name)", blob: name, cause: error)
    }
  }
}
