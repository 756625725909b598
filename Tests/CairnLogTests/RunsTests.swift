import Foundation
import SystemPackage
import Testing

@testable import CairnLog

@Suite struct RunsTests {
  private func withRuns(_ body: (LogRuns) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "cairn-log-runs-\(UUID())")
    defer { try? FileManager.default.removeItem(at: url) }
    try body(LogRuns(FilePath(url.path)))
  }

  /// A run that was written and closed.
  private func makeRun(_ runs: LogRuns, entries: Int) throws {
    let log = try runs.start(LogOptions(flushInterval: nil))
    for number in 0..<entries { try log.append("entry \(number)") }
    try log.finish()
  }

  @Test func runsAreListedNewestFirst() throws {
    try withRuns { runs in
      #expect(try runs.list() == [])
      for count in 1...3 { try makeRun(runs, entries: count) }
      // What is somebody else's is left alone.
      try Data().write(to: URL(filePath: runs.path.string + "/notes.txt"))
      let current = try runs.start()
      let list = try runs.list()
      #expect(list.map(\.number) == [4, 3, 2, 1])
      #expect(list.map(\.isBeingWritten) == [true, false, false, false])
      #expect(list[1].byteCount > 0)
      for run in list.dropFirst() {
        #expect(try runs.open(run.number).snapshot().count == run.number)
      }
      #expect(try runs.open(4).snapshot().count == 0)
      let missing = #expect(throws: LogError.self) { try runs.open(9) }
      #expect(missing?.code == .notFound)
      try current.finish()
      // A run can be gone on with.
      let again = try runs.open(2, LogOptions(flushInterval: nil))
      try again.append("more")
      try again.finish()
      #expect(try runs.open(2).snapshot().count == 3)
    }
  }

  @Test func theOldestAreRemoved() throws {
    try withRuns { runs in
      for _ in 0..<6 { try makeRun(runs, entries: 500) }
      let all = try runs.list()
      // What is kept with a log goes with it.
      let views = runs.path(of: 1).string + "/views"
      try FileManager.default.createDirectory(
        atPath: views, withIntermediateDirectories: false)
      try Data().write(to: URL(filePath: views + "/errors"))
      #expect(try runs.prune(keep: 5).map(\.number) == [1])
      let size = all[0].byteCount
      #expect(try runs.prune(maxBytes: 3 * size + size / 2).map(\.number) == [2, 3])
      #expect(try runs.prune(keep: 9, maxBytes: .max, maxAge: .seconds(1e9)) == [])
      #expect(try runs.prune(maxAge: .zero).map(\.number) == [4, 5])
      // The newest stays, and numbers are not given again.
      #expect(try runs.prune(keep: 0, maxBytes: 0, maxAge: .zero) == [])
      try makeRun(runs, entries: 1)
      #expect(try runs.list().map(\.number) == [7, 6])
      let names = try FileManager.default.contentsOfDirectory(atPath: runs.path.string)
      #expect(names.sorted() == ["00000006", "00000007"])
    }
  }

  @Test func whatIsWrittenOrReadIsLeftAlone() throws {
    try withRuns { runs in
      try makeRun(runs, entries: 300)
      let written = try runs.start(LogOptions(flushInterval: nil))
      try written.append("here")
      try written.flush()
      for _ in 0..<3 { try makeRun(runs, entries: 3) }
      let reader = try runs.open(1)
      let snapshot = try reader.snapshot()
      #expect(try runs.prune(keep: 1).map(\.number) == [1, 3, 4])
      // Who reads a run that was removed goes on.
      #expect(try snapshot.entry(EntryID(299)).text == "entry 299")
      #expect(try reader.snapshot().count == 300)
      #expect(try runs.list().map(\.number) == [5, 2])
      try written.append("still")
      try written.finish()
      #expect(try runs.open(2).snapshot().count == 2)
    }
  }

  @Test func aRemovalThatWasInterruptedIsEnded() throws {
    try withRuns { runs in
      for _ in 0..<3 { try makeRun(runs, entries: 5) }
      // As a process leaves it that is killed while it removes run 1.
      let name = runs.path(of: 1).string
      try FileManager.default.moveItem(atPath: name, toPath: name + ".removed")
      try FileManager.default.removeItem(atPath: name + ".removed/entries")
      #expect(try runs.list().map(\.number) == [3, 2])
      #expect(try runs.prune() == [])
      let names = try FileManager.default.contentsOfDirectory(atPath: runs.path.string)
      #expect(names.sorted() == ["00000002", "00000003"])
    }
  }

  @Test func manyBeginAtTheSameTime() throws {
    try withRuns { runs in
      DispatchQueue.concurrentPerform(iterations: 4) { thread in
        do {
          for _ in 1...4 {
            let log = try runs.start(LogOptions(flushInterval: nil))
            try log.append("thread \(thread)")
            try log.finish()
          }
        } catch {
          Issue.record("\(error)")
        }
      }
      let numbers = try runs.list().map(\.number)
      #expect(numbers == Array((1...16).reversed()))
    }
  }
}
