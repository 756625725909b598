internal import CairnCore
internal import SystemPackage

/// Where the workers of a pipeline take their pieces from, each piece once and in order.
///
/// A regular file is read by position, by all workers at once; anything else by one at a time.
final class PieceSource: Sendable {
  /// A part of a regular file, as it was when the work began.
  struct Range: Sendable {
    let start: Int64
    let end: Int64
  }

  private struct State {
    var nextIndex: UInt64 = 0
    var isAtEnd = false
    /// What was read from a stream ahead of its next piece.
    var ahead: ArraySlice<UInt8>
  }

  private let file: FileDescriptor
  private let segmentSize: Int
  private let range: Range?
  private let state: Monitor<State>
  private let isStopped = CancellationFlag()

  /// - Parameters:
  ///   - segmentSize: Bytes of a full segment as it is read.
  ///   - range: What to read of a regular file; `nil` to read a stream to its end.
  ///   - ahead: What was read of a stream already.
  init(_ file: FileDescriptor, segmentSize: Int, range: Range?, ahead: [UInt8] = []) {
    self.file = file
    self.segmentSize = segmentSize
    self.range = range
    state = Monitor(State(ahead: ahead[...]))
  }

  private var pieceSize: Int { Piece.segmentCount * segmentSize }

  /// Fills a piece with what comes next; false if there is nothing more.
  func next(_ piece: Piece) throws(CryptoError) -> Bool {
    do throws(IOError) {
      if let range { return try readNext(of: range, into: piece) }
      return try state.withLock { readNext(of: &$0, into: piece) }.get()
    } catch {
      throw .io(error)
    }
  }

  /// Gives out no more pieces. Who waits for the bytes of one gives up soon.
  func stop() { isStopped.set() }

  // MARK: Regular files

  private func readNext(of range: Range, into piece: Piece) throws(IOError) -> Bool {
    let pieceSize = Int64(pieceSize)
    let index: UInt64? = state.withLock { state in
      if state.isAtEnd || isStopped.isSet { return nil }
      let index = state.nextIndex
      state.nextIndex += 1
      state.isAtEnd = Int64(state.nextIndex) * pieceSize >= range.end - range.start
      return index
    }
    guard let index else { return false }
    let start = range.start + Int64(index) * pieceSize
    piece.index = index
    piece.inputCount = Int(min(range.end - start, pieceSize))
    piece.isLast = range.end - start <= pieceSize
    var done = 0
    while done < piece.inputCount {
      let count = min(segmentSize, piece.inputCount - done)
      let part = UnsafeMutableRawBufferPointer(rebasing: piece.input(done / segmentSize)[..<count])
      guard try read(at: start + Int64(done), into: part) == count else {
        stop()
        throw IOError(
          .changed, operation: "read", subject: "the input",
          detail: "it became shorter while it was read; try again when nothing writes to it")
      }
      done += count
    }
    return true
  }

  private func read(
    at offset: Int64, into part: UnsafeMutableRawBufferPointer
  ) throws(IOError) -> Int {
    do throws(Errno) {
      return try file.readFully(at: offset, into: part)
    } catch {
      stop()
      throw .systemCall("read", "the input", error)
    }
  }

  // MARK: Streams

  private func readNext(of state: inout State, into piece: Piece) -> Result<Bool, IOError> {
    if state.isAtEnd || isStopped.isSet { return .success(false) }
    piece.index = state.nextIndex
    state.nextIndex += 1
    piece.inputCount = 0
    do throws(IOError) {
      for number in 0..<Piece.segmentCount where !state.isAtEnd {
        let slot = UnsafeMutableRawBufferPointer(rebasing: piece.input(number)[..<segmentSize])
        let count = try read(&state, into: slot)
        piece.inputCount += count
        state.isAtEnd = count < segmentSize
      }
      if !state.isAtEnd { try lookAhead(&state) }
    } catch {
      state.isAtEnd = true
      return .failure(error)
    }
    // What was read may be a part, which must not pass for the last piece.
    if isStopped.isSet { return .success(false) }
    piece.isLast = state.isAtEnd
    return .success(true)
  }

  private func read(
    _ state: inout State, into slot: UnsafeMutableRawBufferPointer
  ) throws(IOError) -> Int {
    let known = min(state.ahead.count, slot.count)
    slot.copyBytes(from: state.ahead.prefix(known))
    state.ahead = state.ahead.dropFirst(known)
    if known == slot.count { return known }
    return try known + readStream(into: UnsafeMutableRawBufferPointer(rebasing: slot[known...]))
  }

  /// One byte more tells whether the stream goes on.
  private func lookAhead(_ state: inout State) throws(IOError) {
    guard state.ahead.isEmpty else { return }
    var byte: UInt8 = 0
    let count = try withUnsafeMutableBytes(of: &byte) { (byte) throws(IOError) in
      try readStream(into: byte)
    }
    if count == 1 { state.ahead = [byte] } else { state.isAtEnd = true }
  }

  /// Reads until `bytes` is full, the stream ends, or nobody wants it any more.
  ///
  /// A peer who sends no more, and keeps the stream open, must not hold up the news of a failure:
  /// perhaps that is what it waits for.
  private func readStream(into bytes: UnsafeMutableRawBufferPointer) throws(IOError) -> Int {
    var done = 0
    do throws(Errno) {
      while done < bytes.count, !isStopped.isSet {
        guard try file.isReady(for: .reading, within: Self.patience) else { continue }
        let free = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
        let count = try file.readOnce(into: free)
        if count == 0 { break }
        done += count
      }
    } catch {
      throw .systemCall("read", "the input", error)
    }
    return done
  }

  /// How long to wait for bytes before looking whether they are still wanted, in milliseconds.
  private static let patience: CInt = 50
}
