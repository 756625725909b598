import CairnCore
import CairnTree
import Synchronization

/// The locks of one who has a simulated storage open.
final class SimulatedLocks: StorageLocks {
  private let disk: SimulatedDisk
  private let holder: Int
  private let ended = Atomic(false)
  let name = SimulatedDisk.name

  init(_ disk: SimulatedDisk) {
    self.disk = disk
    holder = disk.state.withLock { state in
      state.nextHolder += 1
      return state.nextHolder
    }
  }

  /// Whether its holder was killed.
  var isOver: Bool { ended.load(ordering: .acquiring) }

  func lock(_ number: UInt64, exclusively: Bool) throws(IOError) -> Bool {
    if isOver {
      throw IOError(.systemCall, operation: "lock", subject: name, detail: "it was killed")
    }
    return disk.state.withLock { state in
      if let lock = state.locks[number] {
        guard !exclusively, !lock.isExclusive, !lock.holders.contains(holder) else { return false }
      }
      state.locks[number, default: (exclusively, [])].holders.insert(holder)
      return true
    }
  }

  func unlock(_ number: UInt64) {
    disk.state.withLock { state in
      state.locks[number]?.holders.remove(holder)
      if state.locks[number]?.holders.isEmpty == true { state.locks[number] = nil }
    }
  }

  func lowestLockOfOthers(
    in numbers: ClosedRange<UInt64>, exclusively: Bool
  ) -> UInt64? {
    disk.state.withLock { state in
      state.locks.filter { number, lock in
        numbers.contains(number) && (!exclusively || lock.isExclusive)
          && lock.holders != [holder]
      }.keys.min()
    }
  }

  func endAll() {
    ended.store(true, ordering: .releasing)
    disk.state.withLock { state in
      for number in Array(state.locks.keys) {
        state.locks[number]?.holders.remove(holder)
        if state.locks[number]?.holders.isEmpty == true { state.locks[number] = nil }
      }
    }
  }
}
