import CairnCore
import CairnTestKit
import CairnTree
import SystemPackage
import Testing

@testable import CairnLog

/// Cuts the power, kills the process, or lets the disks fail, at every call, and looks at what is
/// left.
@Suite struct PowerCutTests {
  private struct Disks {
    let faults = Faults()
    let entries: SimulatedDisk
    let index: SimulatedDisk

    init() {
      entries = SimulatedDisk(faults)
      index = SimulatedDisk(faults)
    }
  }

  /// What had been promised when a run ended.
  private struct Outcome {
    /// The model after each change.
    var states: [OutlineModel] = [OutlineModel()]
    var flushed = 0
    var synchronized = 0
    var error: LogError?
  }

  private func run(on disks: Disks, seed: UInt64) -> Outcome {
    var pair = LogPair(seed: seed, isDeep: false)
    var outcome = Outcome()
    do {
      let log = try Log(
        entries: disks.entries, index: disks.index,
        LogOptions(flushInterval: nil, flushCount: .max, cacheBytes: 0))
      for round in 0..<8 {
        for _ in 0..<40 {
          try pair.change(log)
          outcome.states.append(pair.model)
        }
        if round % 3 == 1 {
          try log.synchronize()
          outcome.synchronized = outcome.states.count - 1
        } else {
          try log.flush()
        }
        outcome.flushed = outcome.states.count - 1
      }
    } catch let error as LogError {
      outcome.error = error
    } catch {
      Issue.record("another error: \(error)")
    }
    return outcome
  }

  /// Opens what is left, and says which of the states it is; compares everything with it.
  private func state(
    _ entries: [UInt8], _ index: [UInt8], _ outcome: Outcome, atLeast least: Int, _ what: String
  ) throws {
    let disk = (MemoryStorage(entries), MemoryStorage(index))
    let log = try Log(
      entries: disk.0, index: disk.1, LogOptions(flushInterval: nil, cacheBytes: 0))
    let snapshot = try log.snapshot()
    // Changes without a new entry leave the count: any state with it may be the one.
    let candidates = outcome.states.indices.filter { index in
      index >= least && outcome.states[index].entries.count == snapshot.count
    }
    guard let last = candidates.last else {
      Issue.record("\(what): \(snapshot.count) entries are left, fewer than were promised")
      return
    }
    let matching = try candidates.first { try isSame(snapshot, outcome.states[$0]) } ?? last
    try snapshot.check(outcome.states[matching])
    // It goes on from there.
    let parent = try log.open("after", under: log.openEntries.first)
    try log.append("more", .error, under: parent)
    try log.flush()
    #expect(try log.snapshot().childCount(of: parent) == 1)
  }

  /// Whether entries that may change are as in the model.
  private func isSame(_ snapshot: LogSnapshot, _ model: OutlineModel) throws -> Bool {
    for (id, expected) in model.entries.enumerated() where expected.isNode {
      let entry = try snapshot.entry(EntryID(UInt32(id)))
      if entry.isOpen != expected.isOpen || entry.text != expected.text { return false }
    }
    return true
  }

  private func failingCalls(_ calls: Int) -> [Int] {
    (0..<calls).filter { runsLongTests || $0 < 6 || $0 % 5 == 0 }
  }

  @Test(arguments: runsLongTests ? [UInt64(1), 2, 3] : [1])
  func whatWasSynchronizedSurvivesAPowerCut(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    let disks = Disks()
    #expect(run(on: disks, seed: seed).error == nil)
    #expect(disks.faults.calls > 30)
    for call in failingCalls(disks.faults.calls) {
      let disks = Disks()
      disks.faults.fail(at: call, forever: true)
      let outcome = run(on: disks, seed: seed)
      for _ in 0..<3 {
        try state(
          disks.entries.afterPowerCut(&random), disks.index.afterPowerCut(&random), outcome,
          atLeast: outcome.synchronized, "seed \(seed), power cut at call \(call)")
      }
    }
  }

  @Test(arguments: runsLongTests ? [UInt64(4), 5, 6] : [4])
  func whatWasFlushedSurvivesTheProcess(_ seed: UInt64) throws {
    let disks = Disks()
    #expect(run(on: disks, seed: seed).error == nil)
    for call in failingCalls(disks.faults.calls) {
      let disks = Disks()
      disks.faults.fail(at: call, forever: true)
      let outcome = run(on: disks, seed: seed)
      #expect(outcome.error != nil || call == disks.faults.calls)
      try state(
        disks.entries.bytes, disks.index.bytes, outcome, atLeast: outcome.flushed,
        "seed \(seed), killed at call \(call)")
    }
  }

  @Test func aFailureIsReportedAndThenNothingIsAppended() throws {
    let disks = Disks()
    let log = try Log(
      entries: disks.entries, index: disks.index, LogOptions(flushInterval: nil))
    try log.append("kept")
    try log.synchronize()
    try log.append("lost")
    disks.faults.fail(at: disks.faults.calls, forever: false)
    #expect(throws: LogError.self) { try log.flush() }
    let failure = #expect(throws: LogError.self) { try log.append("refused") }
    #expect(failure?.code == .failed)
    #expect(try log.snapshot().count == 1)
  }

  /// What was flushed stays, and what became of the rest is told; with space again it goes on.
  @Test(arguments: [true, false])
  func aFullDiskIsTold(_ isEntries: Bool) throws {
    let (entries, index) = (SimulatedStorage(), SimulatedStorage())
    let options = LogOptions(flushInterval: nil, flushCount: .max, cacheBytes: 0)
    let log = try Log(
      entries: entries.openedAgain(), index: index.openedAgain(), options)
    let parent = try log.open("parent")
    for number in 0..<5000 { try log.append("kept \(number)", under: parent) }
    try log.flush()
    entries.limitSize(to: isEntries ? entries.bytes.count + 100 : nil)
    index.limitSize(to: isEntries ? nil : index.bytes.count)
    var error: LogError?
    do throws(LogError) {
      for number in 0..<5000 { try log.append("not kept \(number)", under: parent) }
      try log.flush()
    } catch let failure {
      error = failure
    }
    let cause = error?.cause ?? error?.indexError?.cause
    #expect(cause?.errno == .noSpace, "\(String(describing: error))")
    #expect(throws: LogError.self) { try log.append("more", under: parent) }
    #expect(try log.snapshot().count == 5001)
    // Others, too, see no less.
    let reader = try Log(
      entries: entries.openedAgain(readOnly: true), index: index.openedAgain(readOnly: true),
      LogOptions(isReadOnly: true))
    #expect(try reader.snapshot().count >= 5001)
    entries.limitSize(to: nil)
    index.limitSize(to: nil)
    let left = (MemoryStorage(entries.bytes), MemoryStorage(index.bytes))
    let again = try Log(entries: left.0, index: left.1, options)
    #expect(try again.snapshot().count >= 5001)
    try again.append("more", under: parent)
    try again.finish()
    #expect(try again.verify().isSound)
  }
}
