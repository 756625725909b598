import Foundation
import Testing

@testable import FastImport

/// Random histories, which this program and git must take for the same.
@Suite struct RandomHistoryTests {
  /// How many, from the environment for a longer run.
  private static let count =
    ProcessInfo.processInfo.environment["FAST_IMPORT_HISTORIES"].flatMap { UInt64($0) } ?? 6

  @Test(arguments: 0..<count)
  func randomHistory(seed: UInt64) async throws {
    var random = Seeded(seed)
    func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
    let names = ["a", "b", "a.c", "a-b", "a0", "d e", "é", "Z"]
    func path() -> String {
      (0...pick(4)).map { _ in names[pick(names.count)] }.joined(separator: "/")
    }
    func quoted(_ path: String) -> String { "\"\(path)\"" }
    let stream = makeStream { stream in
      var marks: [Int] = []
      for mark in 1...60 {
        let branch = "refs/heads/b\(pick(4))"
        var from: String?
        if !marks.isEmpty, pick(3) == 0 { from = ":\(marks[pick(marks.count)])" }
        let merges = pick(5) == 0 ? marks.shuffled(using: &random).prefix(pick(4)) : []
        stream.commit(branch, mark: mark, from: from, merge: merges.map { ":\($0)" })
        marks.append(mark)
        if pick(15) == 0 { stream.line("deleteall") }
        // What is copied must be there, so it is put there first.
        for _ in 0..<pick(8) {
          switch pick(10) {
          case 0: stream.line("D \(path())")
          case 1:
            let source = path()
            stream.file(source + "/x", "\(random.next())")
            stream.line("C \(quoted(source)) \(path())")
          case 2:
            let source = path()
            stream.file(source, "\(random.next())")
            stream.line("R \(quoted(source)) \(path())")
          case 3: stream.line("M 160000 \(String(repeating: "\(pick(10))", count: 40)) \(path())")
          case 4: stream.file(path(), "the same", mode: pick(2) == 0 ? "755" : "120000")
          default: stream.file(path(), "\(random.next())")
          }
        }
      }
    }
    // Trees that are written in the middle of a commit make no difference.
    let changeLimit = seed % 2 == 0 ? nil : Int(seed % 7 + 1)
    try await GitOracle().expectSame(stream, [], "seed \(seed)", changeLimit: changeLimit)
  }
}
