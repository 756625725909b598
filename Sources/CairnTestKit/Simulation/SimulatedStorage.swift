public import CairnCore
public import CairnTree
import Synchronization
import SystemPackage

/// A storage in memory that behaves as badly as a disk may, on demand: it loses at a power cut what
/// was not synchronized, in part and out of order, fails at a call, reads short, and is full.
///
/// The same sequence of calls has the same effects each time. It may be used from any threads.
public final class SimulatedStorage: PageStorage {
  private let disk: SimulatedDisk
  private let simulatedLocks: SimulatedLocks
  public let isReadOnly: Bool

  /// - Parameters:
  ///   - bytes: What it holds at first, synchronized.
  ///   - sectorSize: What is written whole or not at all: 512 bytes on the most cautious disks.
  public convenience init(_ bytes: [UInt8] = [], sectorSize: Int = 512) {
    self.init(SimulatedDisk(bytes, sectorSize: max(1, sectorSize)), isReadOnly: false)
  }

  private init(_ disk: SimulatedDisk, isReadOnly: Bool) {
    self.disk = disk
    self.isReadOnly = isReadOnly
    simulatedLocks = SimulatedLocks(disk)
  }

  deinit { simulatedLocks.endAll() }

  /// The same disk, opened once more, as by another process.
  public func openedAgain(readOnly: Bool = false) -> SimulatedStorage {
    SimulatedStorage(disk, isReadOnly: readOnly)
  }

  /// Does what the system does for a process that is killed: its locks end, and what it has written
  /// is there, synchronized or not. All further calls fail, and do nothing.
  public func kill() { simulatedLocks.endAll() }

  public var locks: (any StorageLocks)? { simulatedLocks }

  /// All that reading gives.
  public var bytes: [UInt8] { disk.state.withLock { $0.current } }

  // MARK: Faults

  /// The number of calls so far, by all who have the disk open; ``byteCount`` does not count.
  public var callCount: Int { disk.state.withLock { $0.calls } }
  /// The number of those that were meant to change something, or to synchronize it.
  public var changeCount: Int { disk.state.withLock { $0.changes } }

  /// Decides of each call to come whether it fails, and how; replaces what decided before.
  ///
  /// A write that fails has left all of its bytes, the first half of them, or none. After a
  /// synchronization that fails, what was written before it may still be lost.
  public func setFault(_ rule: (@Sendable (StorageCall) -> Fault?)?) {
    disk.state.withLock { $0.rule = rule }
  }

  /// Lets one call fail.
  ///
  /// - Parameters:
  ///   - number: of the call, counted from 0 as ``callCount`` does.
  ///   - forever: whether all after it fail, too.
  public func fail(atCall number: Int, with fault: Fault = .inputOutput, forever: Bool = false) {
    setFault { call in
      call.number == number || forever && call.number > number ? fault : nil
    }
  }

  /// Lets one of the calls fail that change something or synchronize it.
  ///
  /// - Parameters:
  ///   - number: of the call among them, counted from 0 as ``changeCount`` does.
  ///   - forever: whether everything after it fails, reading included.
  public func fail(atChange number: Int, with fault: Fault = .inputOutput, forever: Bool = false) {
    setFault { call in
      call.changeNumber == number || forever && call.changesBefore > number ? fault : nil
    }
  }

  /// Bounds the size; what would exceed it fails as on a full disk. `nil` lifts the bound.
  public func limitSize(to byteCount: Int?) { disk.state.withLock { $0.limit = byteCount } }

  /// Whether reads of many bytes return fewer than there are, as they may. False at first.
  public func setReadsShort(_ areShort: Bool) {
    disk.state.withLock { $0.readsShort = areShort }
  }

  // MARK: Power cuts

  /// The number of writes and changes of size that a power cut may undo.
  public var unsynchronizedCount: Int { disk.state.withLock { $0.pending.count } }

  /// What the disk may hold if the power is cut now: what was synchronized, and of each write since
  /// then all, nothing, or some sectors, in any order.
  public func bytesAfterPowerCut(using random: inout some RandomNumberGenerator) -> [UInt8] {
    disk.bytesAfterPowerCut(using: &random)
  }

  /// Calls `body` with what the disk may hold if the power is cut now.
  ///
  /// These are all choices of which writes survive whole, if there are at most `limit` of them; else
  /// what is left if none, each first part, and each but one survive, as far as `limit` goes. Random
  /// ones that tear and reorder writes follow, the same for the same seed, up to `limit` in all but
  /// at least a quarter of it.
  public func forEachPowerCut(
    limit: Int = 64, seed: UInt64 = 0, _ body: ([UInt8]) throws -> Void
  ) rethrows {
    try disk.forEachPowerCut(limit: limit, seed: seed, body)
  }

  // MARK: Calls

  public var byteCount: Int64 {
    get throws(IOError) {
      try checkThatItLives("examine")
      return disk.state.withLock { Int64($0.current.count) }
    }
  }

  private func checkThatItLives(_ what: String) throws(IOError) {
    if simulatedLocks.isOver {
      throw IOError(
        .systemCall, operation: what, subject: SimulatedDisk.name, detail: "it was killed")
    }
  }

  public func read(at offset: Int64, into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    try checkThatItLives("read")
    let bytes = try disk.read(at: offset, count: buffer.freeCapacity)
    return buffer.append { free in
      bytes.withUnsafeBytes { free.copyMemory(from: $0) }
      return bytes.count
    }
  }

  public func write(_ bytes: RawSpan, at offset: Int64) throws(IOError) {
    try checkThatItLives("write to")
    try checkThatItIsWritable("write to")
    try disk.write(Array(bytes), at: offset)
  }

  public func resize(to byteCount: Int64) throws(IOError) {
    try checkThatItLives("resize")
    try checkThatItIsWritable("resize")
    try disk.resize(to: byteCount)
  }

  public func synchronize() throws(IOError) {
    try checkThatItLives("synchronize")
    try disk.synchronize()
  }

  private func checkThatItIsWritable(_ what: String) throws(IOError) {
    if isReadOnly { throw .systemCall(what, SimulatedDisk.name, .badFileDescriptor) }
  }
}
