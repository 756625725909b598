import CairnCore
import CairnTree
import Synchronization
import SystemPackage

/// Counts the calls to several disks, and lets one fail.
final class Faults: Sendable {
  private struct State {
    var calls = 0
    var failingCall: Int?
    var failsForever = false
    var isFailing = false
  }
  private let state = Mutex(State())

  /// The number of writes, resizes and synchronizations so far.
  var calls: Int { state.withLock { $0.calls } }

  /// Lets that call fail, counted from 0, and if wanted all that follow.
  func fail(at call: Int, forever: Bool) {
    state.withLock {
      $0.failingCall = call
      $0.failsForever = forever
    }
  }

  func countCall(_ what: String) throws(IOError) {
    let fails = state.withLock { state in
      defer { state.calls += 1 }
      guard state.failingCall == state.calls || (state.isFailing && state.failsForever) else {
        return false
      }
      state.isFailing = true
      return true
    }
    if fails { throw .systemCall(what, "the simulated disk", .ioError) }
  }
}

/// A storage that loses, at a power cut, any part of what was not synchronized.
final class SimulatedDisk: PageStorage {
  private enum Change {
    case write(Int, [UInt8])
    case resize(Int)
  }

  private struct State {
    var durable: [UInt8] = []
    var current: [UInt8] = []
    /// What was done since the last synchronization, in order.
    var pending: [Change] = []
  }

  private let state = Mutex(State())
  private let faults: Faults
  let isReadOnly = false

  init(_ faults: Faults) {
    self.faults = faults
  }

  var bytes: [UInt8] { state.withLock { $0.current } }

  /// What a disk may hold if the power is cut now: what was synchronized, and of each change since
  /// then all, nothing, or some sectors.
  func afterPowerCut(_ random: inout SeededRandom) -> [UInt8] {
    let sectorSize = 512
    var (content, pending) = state.withLock { ($0.durable, $0.pending) }
    let share = random.next() % 4
    for change in pending where random.next() % 4 <= share {
      guard case .write(let offset, let bytes) = change, random.next() % 3 == 0 else {
        Self.apply(change, to: &content)
        continue
      }
      var start = 0
      while start < bytes.count {
        let end = min(start + sectorSize, bytes.count)
        if random.next() % 2 == 0 {
          Self.apply(.write(offset + start, Array(bytes[start..<end])), to: &content)
        }
        start = end
      }
    }
    pending = []
    return content
  }

  private static func apply(_ change: Change, to content: inout [UInt8]) {
    switch change {
    case .write(let offset, let bytes):
      let end = offset + bytes.count
      if content.count < end {
        content.append(contentsOf: repeatElement(0, count: end - content.count))
      }
      content.replaceSubrange(offset..<end, with: bytes)
    case .resize(let count):
      if count < content.count {
        content.removeLast(content.count - count)
      } else {
        content.append(contentsOf: repeatElement(0, count: count - content.count))
      }
    }
  }

  private func make(_ change: Change) {
    state.withLock { state in
      Self.apply(change, to: &state.current)
      state.pending.append(change)
    }
  }

  var byteCount: Int64 { state.withLock { Int64($0.current.count) } }

  func read(at offset: Int64, into buffer: inout OutputRawSpan) -> Int {
    let bytes = state.withLock { state -> [UInt8] in
      guard offset < Int64(state.current.count) else { return [] }
      return Array(state.current[Int(offset)...].prefix(buffer.freeCapacity))
    }
    for byte in bytes { buffer.append(byte) }
    return bytes.count
  }

  func write(_ bytes: RawSpan, at offset: Int64) throws(IOError) {
    try faults.countCall("write to")
    make(.write(Int(offset), Array(bytes)))
  }

  func resize(to byteCount: Int64) throws(IOError) {
    try faults.countCall("resize")
    make(.resize(Int(byteCount)))
  }

  func synchronize() throws(IOError) {
    try faults.countCall("synchronize")
    state.withLock { state in
      state.durable = state.current
      state.pending = []
    }
  }
}
