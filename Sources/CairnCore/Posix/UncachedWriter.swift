package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import CPosix
  import Glibc
#elseif canImport(Musl)
  import CPosix
  import Musl
#endif

/// Writes a file from its beginning to its end, past the system's page cache where that is possible.
///
/// For large files that are not read again soon: they do not push out of the cache what others
/// need, the processor does not copy them into it, and synchronizing them finds nothing left to do.
/// Where the file system writes through its cache only, so does this, with the same result.
///
/// One owner at a time.
package final class UncachedWriter {
  private let file: FileDescriptor
  /// What is written next, from its front: to be filled by the owner.
  package let buffer: ByteBuffer
  /// How much of the file is written.
  package private(set) var writtenCount: Int64 = 0
  private var isUncached: Bool

  /// What goes past the cache begins at a multiple of this in memory and in the file, and so does
  /// what follows it.
  private let blockSize: Int

  /// - Parameters:
  ///   - file: an empty file.
  ///   - capacity: the bytes of the buffer.
  package convenience init(_ file: FileDescriptor, capacity: Int) {
    // No block of a disk is larger.
    self.init(file, capacity: capacity, blockSize: 4096)
  }

  init(_ file: FileDescriptor, capacity: Int, blockSize: Int) {
    self.file = file
    self.blockSize = blockSize
    buffer = ByteBuffer(capacity: max(capacity, ByteBuffer.mappedSize))
    isUncached = file.bypassesCache(true)
  }

  /// Writes what is in the buffer, but for the beginning of a block.
  package func writeBlocks() throws(Errno) {
    let whole = buffer.count & -blockSize
    try write(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<whole]))
    buffer.removeFirst(whole)
  }

  /// Writes all that is in the buffer; the file is whole then, and used like any other.
  package func finish() throws(Errno) {
    try writeBlocks()
    endBypass()
    try write(buffer.bytes)
    buffer.removeAll()
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
    if bytes.isEmpty { return }
    do throws(Errno) {
      try file.writeFully(at: writtenCount, bytes)
    } catch {
      guard isUncached, error == .invalidArgument else { throw error }
      // A file system that let the file be opened so, or has written a part that is no block.
      endBypass()
      try file.writeFully(at: writtenCount, bytes)
    }
    writtenCount += Int64(bytes.count)
  }

  private func endBypass() {
    if isUncached { _ = file.bypassesCache(false) }
    isUncached = false
  }
}

extension FileDescriptor {
  /// Begins or ends to read and write past the system's page cache, and says whether that was done.
  fileprivate func bypassesCache(_ bypasses: Bool) -> Bool {
    #if canImport(Darwin)
      return fcntl(rawValue, F_NOCACHE, bypasses ? 1 : 0) == 0
    #else
      let flags = fcntl(rawValue, F_GETFL)
      guard flags >= 0 else { return false }
      let wanted = bypasses ? flags | cairn_o_direct : flags & ~cairn_o_direct
      return fcntl(rawValue, F_SETFL, wanted) == 0
    #endif
  }
}
