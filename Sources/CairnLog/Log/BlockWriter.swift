import CairnCore
import CairnTree

/// Writes blocks of frames, one after the other, on a thread of its own: most of the time that
/// appending takes is the system's, which copies what is written.
///
/// After one that could not be written, none is. Used by one thread at a time.
final class BlockWriter {
  private final class Waiting: @unchecked Sendable {
    // Sendable: who hands a block over does not touch it until it comes back as a spare one.
    let block: FrameBlock
    let byteCount: Int
    let offset: Int64

    init(_ block: FrameBlock, _ byteCount: Int, _ offset: Int64) {
      self.block = block
      self.byteCount = byteCount
      self.offset = offset
    }

    func write(_ storage: any PageStorage) -> IOError? {
      let bytes = block.bytes(byteCount)
      defer { withExtendedLifetime(block) {} }
      do throws(IOError) {
        try storage.write(RawSpan(_unsafeBytes: bytes), at: offset)
        if let file = storage as? FileStorage { goOnToDisk(file) }
        return nil
      } catch {
        return error
      }
    }

    /// Has the block brought to the disk soon, so that a checkpoint has little to wait for, and lets go of
    /// blocks that were written a while ago.
    private func goOnToDisk(_ file: FileStorage) {
      let end = offset + Int64(byteCount)
      file.beginSynchronizing(offset..<end)
      let step = end / BlockWriter.releaseStep
      guard step > offset / BlockWriter.releaseStep else { return }
      let released = step * BlockWriter.releaseStep - BlockWriter.keptInCache
      // Once more what was not on the disk the last time.
      let first = max(0, released - 2 * BlockWriter.releaseStep)
      if released > first { file.releaseCache(of: first..<released) }
    }
  }

  private struct State {
    var waiting: [Waiting] = []
    var isWriting = false
    var spare: [Waiting] = []
    var failure: IOError?

    var count: Int { waiting.count + (isWriting ? 1 : 0) }

    mutating func endWriting(_ written: Waiting, _ failure: IOError?) {
      isWriting = false
      if self.failure == nil { self.failure = failure }
      if written.block.capacity == FrameBlock.usualCapacity { spare.append(written) }
    }
  }

  private let storage: any PageStorage
  private let state = Monitor(State())
  private let threads = ThreadPool(limit: 1)
  /// So many blocks are on their way at most: some are built while the system is slow with one.
  private static let limit = 4
  /// So many of the last bytes stay in the system's cache, for those who follow. The rest of a log is
  /// rarely read soon: there it would take the place of what others need, and a system that finds new
  /// memory for every block is slower than one that uses the same again, by a factor of ten where
  /// memory comes from the host of a virtual machine.
  fileprivate static let keptInCache: Int64 = 32 << 20
  /// After so many bytes, older ones are let go.
  fileprivate static let releaseStep: Int64 = 8 << 20

  init(_ storage: any PageStorage) {
    self.storage = storage
  }

  /// Hands a block over to be written at `offset`, and waits while too many are on their way.
  ///
  /// - Returns: another block.
  /// - Throws: ``LogError``: `.storage` if one handed over earlier could not be written.
  func write(
    _ block: FrameBlock, _ byteCount: Int, at offset: Int64
  ) throws(LogError) -> FrameBlock {
    let failure = state.wait { state -> IOError?? in
      if let failure = state.failure { return failure }
      return state.count < Self.limit ? .some(nil) : nil
    }
    if let failure { throw Self.failed(failure) }
    let waiting = Waiting(block, byteCount, offset)
    let spare = state.change { state -> Waiting? in
      state.waiting.append(waiting)
      return state.spare.popLast()
    }
    let (state, storage) = (state, storage)
    // Without a thread to be had, it is written here.
    if !threads.offer({ Self.writeNext(state, storage) }) { Self.writeNext(state, storage) }
    return spare?.block ?? FrameBlock()
  }

  private static func writeNext(_ state: Monitor<State>, _ storage: any PageStorage) {
    guard let next = takeNext(state) else { return }
    let failure = hasFailed(state) ? nil : next.write(storage)
    state.change { $0.endWriting(next, failure) }
  }

  @inline(never)
  private static func takeNext(_ state: Monitor<State>) -> Waiting? {
    state.withLock { state in
      guard !state.waiting.isEmpty, !state.isWriting else { return nil }
      state.isWriting = true
      return state.waiting.removeFirst()
    }
  }

  private static func hasFailed(_ state: Monitor<State>) -> Bool {
    state.withLock { $0.failure != nil }
  }

  /// Waits until no block is on its way.
  func settle() {
    state.wait { state in state.count == 0 ? () : nil }
  }

  /// Waits until all blocks are written.
  ///
  /// - Throws: ``LogError``: `.storage` if one could not be.
  func finish() throws(LogError) {
    settle()
    if let failure = state.withLock({ $0.failure }) { throw Self.failed(failure) }
  }

  private static func failed(_ cause: IOError) -> LogError {
    .storage("cannot write the entries", cause)
  }
}
