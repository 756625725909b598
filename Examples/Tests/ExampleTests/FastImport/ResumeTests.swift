import CairnChunks
import Testing

@testable import FastImport

/// Imports that go on from earlier ones.
@Suite struct ResumeTests {
  let oracle: GitOracle
  private let main = "refs/heads/main"

  init() throws {
    oracle = try GitOracle()
  }

  @Test func whatACheckpointPublishedStays() async throws {
    let good = makeStream { stream in
      stream.commit(main, mark: 1)
      stream.file("a", "1")
      stream.line("checkpoint")
      stream.line("")
    }
    let bad = makeStream { stream in
      stream.commit(main, mark: 2)
      stream.file("a", "2")
      stream.line("nonsense")
    }
    let result = try await oracle.importStream(good + bad)
    #expect(result.status == 128)
    #expect(try await oracle.refs(result.repository) == oracle.gitImport(good + bad).refs)
    #expect(try await oracle.refs(result.repository).count == 1)
  }

  @Test func anImportGoesOnWithMarksAndIDs() async throws {
    var builder = StreamBuilder()
    builder.blob(5, "kept\n")
    builder.commit(main, mark: 1)
    builder.line("M 644 :5 d/a")
    builder.file("d/b", "1")
    let first = builder.bytes
    builder.bytes = []
    builder.commit(main, mark: 2, from: main + "^0")
    builder.line("M 644 :5 e")
    builder.line("D d/b")
    builder.commit("refs/heads/side", from: ":1")
    let second = builder.bytes

    let marks = oracle.scratch["marks"]
    let result = try await oracle.importStream(first, ["--export-marks=\(marks)"])
    try #require(result.status == 0)
    let more = try await oracle.importStream(
      second, ["--import-marks=\(marks)", "--export-marks=\(marks)"], into: result.repository)
    #expect(more.status == 0, "\(more.error?.report ?? "")")
    // The same in one stream, where the second commit follows the first without being told.
    let whole = first + second.dropping("from \(main)^0")
    let theirs = try oracle.gitImport(whole)
    #expect(theirs.status == 0)
    #expect(try await oracle.refs(result.repository) == theirs.refs)
    #expect(try oracle.scratch.read("marks").split(separator: "\n").count == 3)
    let missing = try await oracle.importStream(
      second, ["--import-marks=\(marks).missing"], into: result.repository)
    #expect(missing.status == 128)
    let optional = try await oracle.importStream(
      [], ["--import-marks-if-exists=\(marks).missing"], into: result.repository)
    #expect(optional.status == 0)
  }

  @Test func aRefThatWouldLoseCommitsIsNotUpdated() async throws {
    let first = makeStream { $0.commit(main, message: "first") }
    let other = makeStream { $0.commit(main, message: "another") }
    let result = try await oracle.importStream(first)
    let before = try await oracle.refs(result.repository)
    let refused = try await oracle.importStream(other, into: result.repository)
    #expect(refused.status == 1)
    #expect(refused.report?.refusals.first?.contains("Not updating \(main)") == true)
    #expect(try await oracle.refs(result.repository) == before)
    let forced = try await oracle.importStream(other, ["--force"], into: result.repository)
    #expect(forced.status == 0)
    #expect(try await oracle.refs(result.repository) == oracle.gitImport(other).refs)
  }

  @Test func relativeMarksAreBelowTheirFolder() async throws {
    let stream = makeStream { stream in
      stream.line("feature relative-marks")
      stream.line("feature export-marks=deep/marks")
      stream.blob(7, "x")
    }
    let result = try await oracle.importStream(stream, ["--allow-unsafe-features"])
    #expect(result.status == 0, "\(result.error?.report ?? "")")
    try oracle.scratch.write("x", to: "x")
    let id = try oracle.git(["hash-object", "x"], folder: ".").output
    #expect(try oracle.scratch.read("deep/marks") == ":7 " + String(decoding: id, as: UTF8.self))
    // A stream without refs publishes nothing.
    #expect(try await result.repository.roots().isEmpty)
  }

  @Test func refsWithinOthersAreRefused() async throws {
    let stream = makeStream { stream in
      stream.commit("refs/heads/a")
      stream.commit("refs/heads/a/b")
    }
    let result = try await oracle.importStream(stream)
    #expect(result.status == 1 && oracleStatus(stream) == 1)
    #expect(try await oracle.refs(result.repository).count == 1)
  }

  private func oracleStatus(_ stream: [UInt8]) -> Int32? {
    try? oracle.gitImport(stream).status
  }
}

extension [UInt8] {
  /// The bytes without the line that is this text.
  fileprivate func dropping(_ line: String) -> [UInt8] {
    Array(
      split(separator: 10, omittingEmptySubsequences: false)
        .filter { !$0.elementsEqual(line.utf8) }.joined(separator: [10]))
  }
}
