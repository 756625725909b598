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
        // A checkpoint has little to wait for then.
        (storage as? FileStorage)?.beginSynchronizing(offset..<offset + Int64(byteCount))
        return nil
      } catch {
        return error
      }
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
