import Foundation
import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The program while it runs: signals that ask it for a checkpoint, and such that end it.
@Suite struct InterruptionTests {
  private let scratch: Scratch
  private var program: Program

  init() throws {
    scratch = try Scratch()
    program = Program(folder: scratch.path)
    program.executable = Program.fastImport
    program.environment["CAIRN_IDENTITY"] = scratch["key"]
    let made = try program.run(["init", "repo", "--new-identity", "key"])
    try #require(made.status == 0, "\(made.errors)")
  }

  /// Commits on one branch, each with a mark, with checkpoints between them.
  private func stream(_ numbers: ClosedRange<Int>, checkpointEvery step: Int) -> [UInt8] {
    var stream = StreamBuilder()
    for number in numbers {
      stream.line("commit refs/heads/main")
      stream.line("mark :\(number)")
      stream.line("committer C <c@e> \(number) +0000")
      stream.data("number \(number)")
      if number == numbers.lowerBound, number > 1 { stream.line("from :\(number - 1)") }
      stream.file("d\(number % 7)/f\(number % 50)", "content \(number)\n")
      if number % step == 0 { stream.line("checkpoint") }
    }
    return stream.bytes
  }

  /// A pipe that both sides can open at once.
  private func makePipe(_ name: String) throws -> FileHandle {
    try #require(mkfifo(scratch[name], 0o600) == 0)
    let descriptor = open(scratch[name], O_RDWR)
    try #require(descriptor >= 0)
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Waits until so many commits are published, and does something meanwhile.
  private func waitForCommits(_ count: Int, _ meanwhile: () throws -> Void = {}) throws {
    for _ in 0..<200 {
      try meanwhile()
      let run = try program.run(["log", "repo", "history", "main"])
      if run.status == 0, run.lines.count == count { return }
      usleep(20_000)
    }
    Issue.record("\(count) commits did not come")
  }

  @Test func aSignalAsksForACheckpoint() throws {
    let pipe = try makePipe("pipe")
    let importing = try program.start(["import", "repo", "pipe", "--quiet", "--export-marks=marks"])
    try pipe.write(contentsOf: stream(1...2, checkpointEvery: 2))
    // From then on it knows the signal.
    try waitForCommits(2)
    try pipe.write(contentsOf: stream(3...3, checkpointEvery: 100))
    // Nobody knows at which command the signal finds it, so there are more.
    try waitForCommits(3) {
      importing.send(SIGUSR1)
      try pipe.write(contentsOf: Array("get-mark :1\n".utf8))
    }
    #expect(importing.isRunning)
    try pipe.write(contentsOf: stream(4...5, checkpointEvery: 100) + Array("done\n".utf8))
    let run = importing.wait()
    #expect(run.status == 0, "\(run.errors)")
    #expect(try program.run(["log", "repo", "history", "main"]).lines.count == 5)
  }

  /// Ended at some moment again and again, the import goes on from what it published; in the end
  /// there is what there would be without.
  @Test(arguments: 0..<2)
  func killedAndResumed(seed: UInt64) throws {
    var random = Seeded(seed)
    let count = 400
    var next = 1
    for _ in 0..<8 {
      try scratch.write(stream(next...count, checkpointEvery: 20), to: "stream")
      let marks = ["--import-marks-if-exists=marks", "--export-marks=marks", "--quiet"]
      let importing = try program.start(["import", "repo", "stream"] + marks)
      usleep(useconds_t(random.next() % 300_000))
      importing.send(SIGKILL)
      let run = importing.wait()
      #expect(run.status == -SIGKILL || run.status == 0, "seed \(seed): \(run.errors)")
      let log = try program.run(["log", "repo", "history", "main"])
      if log.status == 0 {
        // A checkpoint, and no more.
        #expect(log.lines.count % 20 == 0, "seed \(seed)")
        #expect(log.lines.count >= next - 1, "seed \(seed)")
      }
      // The marks are written behind the refs, so they may be those of the checkpoint before.
      let known = (try? scratch.read("marks").split(separator: "\n").count) ?? 0
      #expect(known % 20 == 0 && known <= (log.status == 0 ? log.lines.count : 0), "seed \(seed)")
      next = known + 1
      _ = try? FileManager.default.removeItem(atPath: scratch["marks.lock"])
      if known == count { break }
    }
    if next <= count {
      try scratch.write(stream(next...count, checkpointEvery: 20), to: "stream")
      let last = try program.run(
        ["import", "repo", "stream", "--import-marks-if-exists=marks", "--quiet"])
      #expect(last.status == 0, "seed \(seed): \(last.errors)")
    }

    let resumed = try program.run(["log", "repo", "history"]).text
    try scratch.write(stream(1...count, checkpointEvery: 1000), to: "stream")
    let whole = try program.run(["import", "repo", "stream", "--name", "whole", "--quiet"])
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(try program.run(["log", "repo", "whole"]).text == resumed, "seed \(seed)")
    var backup = program
    backup.executable = Program.backup
    let verified = try backup.run(["verify", "repo"])
    #expect(verified.status == 0, "seed \(seed): \(verified.errors)")
  }
}
