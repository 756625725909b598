import CairnCore
import Synchronization
import SystemPackage

/// Records of one size that are appended and never change: in memory while they are few, in a
/// temporary file from then on.
///
/// Appending is for one thread at a time; reading is for any, at any time.
final class RecordSpool: Sendable {
  private struct State {
    /// What is in no file: everything, or nothing.
    var memory: [UInt8] = []
    var file: SpooledFile?
    /// Of the file.
    var pages = RecentPages()
    var byteCount = 0
  }

  private let state = Mutex(State())
  private let directory: FilePath?
  /// What a repository of a few thousand chunks needs does not touch the disk.
  private static let memoryLimit = 1 << 20

  /// - Parameter directory: where the temporary file is; `nil` keeps all in memory.
  init(in directory: FilePath?) {
    self.directory = directory
  }

  /// Bytes of memory.
  var memoryBytes: Int { state.withLock { $0.memory.capacity + $0.pages.memoryBytes } }

  func append(_ bytes: [UInt8]) throws(ChunkStoreError) {
    if let directory, let file = try spool(in: directory, before: bytes.count) {
      let offset = state.withLock { $0.byteCount }
      try write(bytes, to: file, at: offset)
      state.withLock { $0.byteCount += bytes.count }
    } else {
      state.withLock { state in
        state.memory += bytes
        state.byteCount += bytes.count
      }
    }
  }

  /// The file, if it is time for one: what was in memory is in it then.
  private func spool(
    in directory: FilePath, before count: Int
  ) throws(ChunkStoreError) -> SpooledFile? {
    let (present, memory) = state.withLock { ($0.file, $0.memory) }
    if let present { return present }
    guard memory.count + count > Self.memoryLimit else { return nil }
    let file: SpooledFile
    do {
      file = try SpooledFile(in: directory)
    } catch {
      throw ChunkStoreError(
        .targetFailed,
        "the index needs a temporary file; name a directory for it that can be written",
        cause: error)
    }
    try write(memory, to: file, at: 0)
    state.withLock { state in
      state.file = file
      state.memory = []
    }
    return file
  }

  private func write(
    _ bytes: [UInt8], to file: SpooledFile, at offset: Int
  ) throws(ChunkStoreError) {
    do throws(Errno) {
      try bytes.withRawBytes { (bytes) throws(Errno) in
        try file.file.writeFully(at: Int64(offset), bytes)
      }
    } catch {
      throw Self.failure("write", error)
    }
  }

  /// Fills `buffer` with what was appended from `offset` on.
  ///
  /// Records that were appended together are mostly asked for together, as those of the files of a
  /// directory are: from a file, one call reads some dozens of them.
  func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ChunkStoreError) {
    let source = state.withLock { state -> (file: SpooledFile, byteCount: Int)? in
      precondition(offset + buffer.count <= state.byteCount, "a record that was appended")
      if let file = state.file {
        return state.pages.copy(to: buffer, from: offset) ? nil : (file, state.byteCount)
      }
      state.memory.withUnsafeBytes {
        let record = $0[offset..<offset + buffer.count]
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: record))
      }
      return nil
    }
    guard let (file, byteCount) = source else { return }
    let start = offset - offset % RecentPages.pageSize
    let end = min(start + RecentPages.pageSize, byteCount)
    guard offset + buffer.count <= end else {
      // It lies on two pages.
      return try Self.fill(buffer, from: file, at: offset)
    }
    try withUnsafeTemporaryAllocation(
      byteCount: RecentPages.pageSize, alignment: 8
    ) { (room) throws(ChunkStoreError) -> Void in
      let page = UnsafeMutableRawBufferPointer(rebasing: room[..<(end - start)])
      try Self.fill(page, from: file, at: start)
      let record = page[(offset - start)..<(offset - start + buffer.count)]
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: record))
      state.withLock { $0.pages.keep(UnsafeRawBufferPointer(page), at: start) }
    }
  }

  private static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from file: SpooledFile, at offset: Int
  ) throws(ChunkStoreError) {
    let count: Int
    do throws(Errno) {
      count = try file.file.readFully(at: Int64(offset), into: buffer)
    } catch {
      throw failure("read", error)
    }
    guard count == buffer.count else {
      throw ChunkStoreError(
        .targetFailed, "the temporary file of the index became shorter while it was used")
    }
  }

  @inline(never)
  private static func failure(_ operation: String, _ error: Errno) -> ChunkStoreError {
    ChunkStoreError(
      .targetFailed, "the temporary file of the index failed; see that there is room for it",
      cause: .systemCall(operation, "a temporary file", error))
  }
}
