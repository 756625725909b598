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
  var memoryBytes: Int { state.withLock { $0.memory.capacity } }

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
  func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ChunkStoreError) {
    let file = state.withLock { state -> SpooledFile? in
      precondition(offset + buffer.count <= state.byteCount, "a record that was appended")
      if let file = state.file { return file }
      state.memory.withUnsafeBytes {
        let record = $0[offset..<offset + buffer.count]
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: record))
      }
      return nil
    }
    guard let file else { return }
    let count: Int
    do throws(Errno) {
      count = try file.file.readFully(at: Int64(offset), into: buffer)
    } catch {
      throw Self.failure("read", error)
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
