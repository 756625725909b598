import CairnTestKit
import CairnTree
import Testing

/// Cuts the power at every call, and looks at what is left.
@Suite struct PowerCutTests {
  /// Every call in long tests, else some, the first and those of one checkpoint among them.
  private func cuts(_ calls: Int) -> [Int] {
    (0..<calls).filter { runsLongTests || $0 < 14 || $0 % 9 == 0 }
  }

  /// What is left is the last checkpoint that returned, or the one that was being made: nothing
  /// else, whatever the disk has done with what was not synchronized.
  @Test(
    arguments: runsLongTests ? [UInt64(11), 12, 13] : [11], [(60, false), (60, true), (2, true)])
  func everyCutLeavesTheLastCheckpointOrTheOneBeingMade(
    _ seed: UInt64, _ shape: (changes: Int, publishesToAll: Bool)
  ) throws {
    let sequence = CommitSequence(
      seed: seed, rounds: shape.changes < 10 ? 18 : 9, changes: shape.changes,
      publishesToAll: shape.publishesToAll)
    let whole = SimulatedStorage()
    let states = try sequence.undisturbed(on: whole)
    #expect(whole.changeCount > 30)
    for cut in cuts(whole.changeCount) {
      let storage = SimulatedStorage()
      storage.fail(atChange: cut, forever: true)
      var checkpoints = 0
      var failure: TreeError?
      do {
        try sequence.run(on: storage) { _, _, kind, error in
          failure = error
          if kind == .checkpoint, error == nil { checkpoints += 1 }
          return error == nil
        }
      } catch let error as TreeError {
        failure = error
      }
      // The last write of all may be a publication that nobody needs.
      #expect(failure?.code == .storage || cut == whole.changeCount - 1)
      let possible = states[checkpoints...].prefix(2)
      try storage.forEachPowerCut(limit: runsLongTests ? 64 : 12, seed: seed) { bytes in
        let left = try CommitSequence.state(bytes)
        if !possible.contains(left) {
          Issue.record("after a cut at change \(cut), seed \(seed), another state is there")
        }
      }
    }
  }

  /// What is left after a cut is a file like any other: the next life goes on, and is cut as well.
  @Test func livesThatEndInCutsGoOnFromWhatIsLeft() throws {
    var random = SeededRandom(17)
    var bytes: [UInt8] = []
    var left = TreeModel()
    for life in 0..<(runsLongTests ? 400 : 40) {
      let storage = SimulatedStorage(bytes)
      storage.fail(atChange: Int(random.next() % 60), forever: true)
      var possible = [left]
      do throws(TreeError) {
        let store = try TreeStore(
          on: storage,
          TreeStoreOptions(pageSize: 4096, cacheBytes: 0, publishesToAll: life % 2 == 0))
        var model = left
        while true {
          let writing = try store.beginWriting()
          let tree = try writing.tree("t", creating: TreeOptions(isWeighted: true))
          for _ in 0..<20 {
            let entry = TreeEntry(
              key: random.bytes(2), value: random.bytes(Int(random.next() % 700)),
              weight: random.next() % 9)
            try tree.put(entry.key.span.bytes, entry.value.span.bytes, weight: entry.weight)
            model.put(entry)
          }
          if model.entries.count > 100 {
            try tree.remove(ranks: 0..<50)
            model.remove(ranks: 0..<50)
          }
          let kind: CommitKind = random.next() % 3 == 0 ? .publish : .checkpoint
          possible.append(model)
          try writing.commit(kind)
          if kind == .checkpoint { possible = [model] }
        }
      } catch {
        #expect(error.code == .storage, "life \(life): \(error)")
      }
      bytes = storage.bytesAfterPowerCut(using: &random)
      left = try CommitSequence.state(bytes)
      #expect(possible.contains(left), "after life \(life)")
    }
  }
}
