import CairnCore
import Synchronization
import SystemPackage

/// What all who have a simulated storage open share.
final class SimulatedDisk: Sendable {
  static let name = "the simulated disk"

  /// A change that is not synchronized.
  struct Change {
    enum Content {
      case bytes([UInt8])
      /// A new size, which the offset tells.
      case size
    }
    var offset: Int
    var content: Content
  }

  struct State {
    var durable: [UInt8]
    var current: [UInt8]
    var pending: [Change] = []
    var calls = 0
    var changes = 0
    var rule: (@Sendable (StorageCall) -> Fault?)?
    var limit: Int?
    var readsShort = false
    /// Who holds which lock: whether alone, and the numbers of those who do.
    var locks: [UInt64: (isExclusive: Bool, holders: Set<Int>)] = [:]
    var nextHolder = 0
  }

  let sectorSize: Int
  let state: Mutex<State>

  init(_ bytes: [UInt8], sectorSize: Int) {
    self.sectorSize = sectorSize
    state = Mutex(State(durable: bytes, current: bytes))
  }

  // MARK: Calls

  func read(at offset: Int64, count: Int) throws(IOError) -> [UInt8] {
    try state.withLock { (state) throws(IOError) in
      if let fault = state.count(.read, offset, count) { throw fault.error("read") }
      guard offset >= 0, offset < Int64(state.current.count) else { return [] }
      let most = state.readsShort && count > 1 ? count - count / 3 : count
      return Array(state.current[Int(offset)...].prefix(most))
    }
  }

  func write(_ bytes: [UInt8], at offset: Int64) throws(IOError) {
    try state.withLock { (state) throws(IOError) in
      let number = state.calls
      if let fault = state.count(.write, offset, bytes.count) {
        // What is left of it is left to chance: here all, half or nothing.
        let left = [0, bytes.count / 2, bytes.count][number % 3]
        state.change(Int(offset), .bytes(Array(bytes.prefix(left))))
        throw fault.error("write to")
      }
      let room = state.limit.map { max(0, $0 - Int(offset)) } ?? .max
      state.change(Int(offset), .bytes(Array(bytes.prefix(room))))
      if room < bytes.count { throw Fault.full.error("write to") }
    }
  }

  func resize(to byteCount: Int64) throws(IOError) {
    try state.withLock { (state) throws(IOError) in
      if let fault = state.count(.resize, byteCount, 0) { throw fault.error("resize") }
      if let limit = state.limit, byteCount > Int64(limit) { throw Fault.full.error("resize") }
      state.change(Int(byteCount), .size)
    }
  }

  func synchronize() throws(IOError) {
    try state.withLock { (state) throws(IOError) in
      if let fault = state.count(.synchronize, 0, 0) { throw fault.error("synchronize") }
      state.durable = state.current
      state.pending = []
    }
  }
}

extension SimulatedDisk.State {
  /// Counts a call, and says how it fails, if it does.
  fileprivate mutating func count(
    _ kind: StorageCall.Kind, _ offset: Int64, _ byteCount: Int
  ) -> Fault? {
    let call = StorageCall(
      kind: kind, number: calls, changesBefore: changes, offset: offset, byteCount: byteCount)
    calls += 1
    if kind != .read { changes += 1 }
    return rule?(call)
  }

  fileprivate mutating func change(_ offset: Int, _ content: SimulatedDisk.Change.Content) {
    if case .bytes(let new) = content, new.isEmpty { return }
    let change = SimulatedDisk.Change(offset: offset, content: content)
    change.apply(to: &current)
    pending.append(change)
  }
}

extension SimulatedDisk.Change {
  func apply(to bytes: inout [UInt8]) {
    switch content {
    case .size:
      Self.resize(&bytes, to: offset)
    case .bytes(let new):
      if bytes.count < offset + new.count { Self.resize(&bytes, to: offset + new.count) }
      bytes.replaceSubrange(offset..<offset + new.count, with: new)
    }
  }

  private static func resize(_ bytes: inout [UInt8], to count: Int) {
    if count < bytes.count {
      bytes.removeLast(bytes.count - count)
    } else {
      bytes.append(contentsOf: repeatElement(0, count: count - bytes.count))
    }
  }

  /// Its sectors, each a change of its own.
  func sectors(_ sectorSize: Int) -> [SimulatedDisk.Change] {
    guard case .bytes(let new) = content else { return [self] }
    var sectors: [SimulatedDisk.Change] = []
    var start = 0
    while start < new.count {
      let end = min(new.count, start + sectorSize - (offset + start) % sectorSize)
      sectors.append(Self(offset: offset + start, content: .bytes(Array(new[start..<end]))))
      start = end
    }
    return sectors
  }
}

extension Fault {
  fileprivate func error(_ operation: String) -> IOError {
    .systemCall(operation, SimulatedDisk.name, self == .full ? .noSpace : .ioError)
  }
}
