import CairnCore
import CairnTestKit
import CairnTree
import SystemPackage
import Testing

/// Lets the storage fail at every call, or be full, and looks at what the store makes of it.
@Suite struct FaultTests {
  private func calls(_ count: Int) -> [Int] {
    (0..<count).filter { runsLongTests || $0 < 14 || $0 % 37 == 0 }
  }

  /// One call fails. Commits that fail change nothing; made again, all goes on, unless the storage
  /// could not synchronize: then the store says that it must be opened again, and what is there is
  /// the last checkpoint or the one that failed.
  @Test(arguments: [Fault.inputOutput, .full], [false, true])
  func aFailedCallIsReportedAndLeavesWhatWasThere(
    _ fault: Fault, _ publishesToAll: Bool
  ) throws {
    let sequence = CommitSequence(seed: 21, publishesToAll: publishesToAll)
    let whole = SimulatedStorage()
    let states = try sequence.undisturbed(on: whole)
    for call in calls(whole.callCount) {
      let storage = SimulatedStorage()
      storage.fail(atCall: call, with: fault)
      let follower = storage.openedAgain(readOnly: true)
      var (checkpoints, kinds) = (0, Set<TreeError.Code>())
      var last = TreeModel()
      do {
        try sequence.run(on: storage) { store, model, kind, error in
          if let error {
            let isFirst = kinds.insert(error.code).inserted
            #expect(isFirst, "call \(call): \(error)")
            // Whoever reads sees nothing of it.
            let read = try self.read(store)
            #expect(read == model, "call \(call)")
            if publishesToAll, error.code == .storage {
              // Others see the same, or for a while the checkpoint before it.
              let seen = try self.read(TreeStore(on: follower))
              #expect(seen == model || states.contains(seen), "call \(call)")
            }
            return isFirst && error.code == .storage
          }
          last = model
          if kind == .checkpoint { checkpoints += 1 }
          return true
        }
      } catch let error as TreeError {
        // It could not be opened.
        #expect(error.code == .storage)
        kinds.insert(error.code)
      }
      let left = try CommitSequence.state(storage.bytes)
      if kinds.contains(.failed) {
        #expect(states[checkpoints...].prefix(2).contains(left), "call \(call)")
      } else if checkpoints > 0 {
        // All was made good.
        #expect(left == states.last && last == states.last, "call \(call)")
      }
    }
  }

  private func read(_ store: TreeStore) throws -> TreeModel {
    var model = TreeModel()
    guard let tree = try store.beginReading().treeIfExists("t") else { return model }
    for entry in try tree.entries(in: 0..<(try tree.count)) { model.put(entry) }
    return model
  }

  /// The disk is full at any size, and then is not: each commit that failed succeeds in the end.
  @Test(arguments: [false, true])
  func aFullDiskStopsNothingForGood(_ publishesToAll: Bool) throws {
    let sequence = CommitSequence(seed: 22, publishesToAll: publishesToAll)
    let whole = SimulatedStorage()
    let states = try sequence.undisturbed(on: whole)
    let end = whole.bytes.count
    var failures = 0
    for limit in stride(from: 3 * 4096, to: end, by: runsLongTests ? 1024 : 40 * 1024) {
      let storage = SimulatedStorage()
      storage.limitSize(to: limit)
      try sequence.run(on: storage) { store, model, kind, error in
        guard let error else { return true }
        #expect(error.code == .storage && error.cause?.errno == .noSpace, "\(error)")
        // Some space is made, without which nothing could be verified: what is in memory alone has to
        // be written for that.
        storage.limitSize(to: nil)
        let left = try CommitSequence.state(store)
        #expect(left == model)
        failures += 1
        return true
      }
      #expect(try CommitSequence.state(storage.bytes) == states.last)
    }
    #expect(failures > 3)
  }

  @Test func afterAFailedSynchronizationTheStoreMustBeOpenedAgain() throws {
    let storage = SimulatedStorage()
    let store = try TreeStore(on: storage, TreeStoreOptions(pageSize: 4096))
    var writing = try store.beginWriting()
    try writing.tree("t", creating: TreeOptions()).put("a".utf8.span.bytes, "1".utf8.span.bytes)
    storage.setFault { $0.kind == .synchronize ? .inputOutput : nil }
    var error = #expect(throws: TreeError.self) { try writing.commit(.checkpoint) }
    #expect(error?.code == .storage && error?.message.contains("open them again") == true)
    storage.setFault(nil)
    #expect(try store.beginReading().treeNames == [])
    error = #expect(throws: TreeError.self) { writing = try store.beginWriting() }
    #expect(error?.code == .failed)
    error = #expect(throws: TreeError.self) { try store.checkpoint() }
    #expect(error?.code == .failed)
  }
}
