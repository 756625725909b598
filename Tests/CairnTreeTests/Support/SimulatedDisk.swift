import CairnCore
import CairnTree
import Synchronization
import SystemPackage

/// A storage that loses, at a power cut, any part of what was not synchronized, and that can be told
/// to fail at a call.
final class SimulatedDisk: PageStorage {
  private struct State {
    var durable: [UInt8]
    var current: [UInt8]
    /// What was written since the last synchronization, in order; `nil` bytes for a resize.
    var pending: [(offset: Int, bytes: [UInt8])] = []
    var calls = 0
    var failingCall: Int?
    var failsForever = false
    var isFailing = false
  }

  private let state: Mutex<State>
  let isReadOnly = false
  static let sectorSize = 512

  init(_ bytes: [UInt8] = []) {
    state = Mutex(State(durable: bytes, current: bytes))
  }

  /// The number of writes, resizes and synchronizations so far.
  var calls: Int { state.withLock { $0.calls } }
  var bytes: [UInt8] { state.withLock { $0.current } }

  /// Lets that call fail, counted from 0, and if wanted all that follow.
  func fail(at call: Int, forever: Bool) {
    state.withLock {
      $0.failingCall = call
      $0.failsForever = forever
    }
  }

  /// What a disk may hold if the power is cut now: what was synchronized, and of each write since
  /// then all, nothing, or some sectors, in any order.
  func afterPowerCut(_ random: inout SeededRandom) -> [UInt8] {
    var (content, pending) = state.withLock { ($0.durable, $0.pending) }
    pending.shuffle(using: &random)
    let share = random.next() % 4
    for write in pending {
      let choice = random.next() % 4
      // Sometimes most writes survive, sometimes few.
      guard choice <= share else { continue }
      if random.next() % 3 == 0 {
        var offset = 0
        while offset < write.bytes.count {
          let end = min(offset + Self.sectorSize, write.bytes.count)
          if random.next() % 2 == 0 {
            Self.apply(write.offset + offset, Array(write.bytes[offset..<end]), to: &content)
          }
          offset = end
        }
      } else {
        Self.apply(write.offset, write.bytes, to: &content)
      }
    }
    return content
  }

  private static func apply(_ offset: Int, _ bytes: [UInt8], to content: inout [UInt8]) {
    let end = offset + bytes.count
    if content.count < end {
      content.append(contentsOf: repeatElement(0, count: end - content.count))
    }
    content.replaceSubrange(offset..<end, with: bytes)
  }

  /// Counts a call, and says whether it fails.
  private func countCall(_ what: String) throws(IOError) {
    let fails = state.withLock { state in
      defer { state.calls += 1 }
      if state.failingCall == state.calls || (state.isFailing && state.failsForever) {
        state.isFailing = true
        return true
      }
      return false
    }
    if fails { throw .systemCall(what, "the simulated disk", .ioError) }
  }

  var byteCount: Int64 { state.withLock { Int64($0.current.count) } }

  func read(at offset: Int64, into buffer: inout OutputRawSpan) -> Int {
    let bytes = state.withLock { state -> [UInt8] in
      guard offset < Int64(state.current.count) else { return [] }
      // Short reads happen.
      let most = buffer.freeCapacity > 3000 ? buffer.freeCapacity - 1000 : buffer.freeCapacity
      return Array(state.current[Int(offset)...].prefix(most))
    }
    for byte in bytes { buffer.append(byte) }
    return bytes.count
  }

  func write(_ bytes: RawSpan, at offset: Int64) throws(IOError) {
    try countCall("write to")
    let new = Array(bytes)
    state.withLock { state in
      Self.apply(Int(offset), new, to: &state.current)
      state.pending.append((Int(offset), new))
    }
  }

  func resize(to byteCount: Int64) throws(IOError) {
    try countCall("resize")
    state.withLock { state in
      let missing = Int(byteCount) - state.current.count
      guard missing > 0 else { return }
      state.current.append(contentsOf: repeatElement(0, count: missing))
    }
  }

  func synchronize() throws(IOError) {
    try countCall("synchronize")
    state.withLock { state in
      state.durable = state.current
      state.pending = []
    }
  }
}
