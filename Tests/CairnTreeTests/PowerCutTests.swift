import CairnCore
import Testing

@testable import CairnTree

/// Cuts the power, or lets the disk fail, at every call, and looks at what is left.
@Suite struct PowerCutTests {
  /// The same sequence of commits each time; the states after each checkpoint and publication.
  private func run(
    on disk: SimulatedDisk, seed: UInt64, afterCommit: (TreeModel, CommitKind) -> Void
  ) throws {
    var random = SeededRandom(seed)
    let store = try TreeStore(on: disk, TreeStoreOptions(pageSize: 4096, cacheBytes: 0))
    var model = TreeModel()
    for round in 0..<9 {
      let writing = try store.beginWriting()
      let tree = try writing.tree("t", creating: TreeOptions(isWeighted: true))
      for _ in 0..<60 {
        let key = random.bytes(Int(random.next() % 3) + 1)
        if random.next() % 3 == 0, !model.entries.isEmpty {
          let key = model.entries[Int(random.next() % UInt64(model.entries.count))].key
          try tree.remove(key.span.bytes)
          model.remove(key)
        } else {
          let length = random.next() % 30 == 0 ? 6000 : Int(random.next() % 400)
          let entry = TreeEntry(key: key, value: random.bytes(length), weight: random.next() % 9)
          try tree.put(key.span.bytes, entry.value.span.bytes, weight: entry.weight)
          model.put(entry)
        }
      }
      let kind: CommitKind = round % 3 == 1 ? .publish : .checkpoint
      try writing.commit(kind)
      afterCommit(model, kind)
    }
  }

  private func state(_ bytes: [UInt8]) throws -> TreeModel {
    let store = try TreeStore(
      on: MemoryStorage(bytes), TreeStoreOptions(pageSize: 4096, cacheBytes: 0))
    let problems = try store.verify().problems
    if problems != [] { Issue.record("\(problems)") }
    var model = TreeModel()
    guard let tree = try store.beginReading().treeIfExists("t") else { return model }
    for entry in try tree.entries(in: 0..<(try tree.count)) { model.put(entry) }
    return model
  }

  /// The states of all checkpoints of an undisturbed run, the empty one included, and the number of
  /// calls that it makes.
  private func undisturbed(_ seed: UInt64) throws -> (states: [TreeModel], calls: Int) {
    let disk = SimulatedDisk()
    var states = [TreeModel()]
    try run(on: disk, seed: seed) { model, kind in
      if kind == .checkpoint { states.append(model) }
    }
    return (states, disk.calls)
  }

  /// Runs until the disk fails, and returns the number of checkpoints that were made, and the error.
  private func runUntilFailure(
    on disk: SimulatedDisk, seed: UInt64
  ) throws -> (checkpoints: Int, error: TreeError?) {
    var checkpoints = 0
    do {
      try run(on: disk, seed: seed) { _, kind in
        if kind == .checkpoint { checkpoints += 1 }
      }
      return (checkpoints, nil)
    } catch let error as TreeError {
      return (checkpoints, error)
    }
  }

  /// Every call in long tests, else some, the first and those of one checkpoint among them.
  private func failingCalls(_ calls: Int) -> [Int] {
    (0..<calls).filter { runsLongTests || $0 < 12 || $0 % 7 == 0 }
  }

  @Test(arguments: runsLongTests ? [UInt64(11), 12] : [11])
  func everyCutLeavesTheLastCheckpointOrTheOneBeingMade(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    let (states, calls) = try undisturbed(seed)
    #expect(calls > 30)
    for call in failingCalls(calls) {
      let disk = SimulatedDisk()
      disk.fail(at: call, forever: true)
      let (checkpoints, error) = try runUntilFailure(on: disk, seed: seed)
      #expect(error?.code == .storage)
      for _ in 0..<5 {
        let left = try state(disk.afterPowerCut(&random))
        if !states[checkpoints...].prefix(2).contains(left) {
          Issue.record("after a cut at call \(call), seed \(seed), another state is there")
        }
      }
    }
  }

  @Test func aFailedCallIsReportedAndLeavesWhatWasThere() throws {
    let (states, calls) = try undisturbed(21)
    for call in failingCalls(calls) {
      let disk = SimulatedDisk()
      disk.fail(at: call, forever: false)
      let (checkpoints, error) = try runUntilFailure(on: disk, seed: 21)
      let left = try state(disk.bytes)
      // An eviction that failed is made good for later.
      let expected = error == nil ? states.suffix(1) : states[checkpoints...].prefix(2)
      if !expected.contains(left) {
        Issue.record("after a failure at call \(call), another state is there")
      }
    }
  }
}
