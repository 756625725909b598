import Testing

@testable import FastImport

/// What is kept in memory of each object, mark and branch.
@Suite struct TableSizeTests {
  private func tables(of stream: [UInt8]) async throws -> ImportReport {
    let result = try await GitOracle().importStream(stream)
    return try #require(result.report, "\(result.error?.report ?? "")")
  }

  /// The bytes that each of as many entries more takes.
  private func growth(_ small: ImportReport.Table, _ large: ImportReport.Table) -> Double {
    Double(large.bytes - small.bytes) / Double(large.entries - small.entries)
  }

  @Test func ofObjectsAndMarks() async throws {
    func blobs(_ count: Int) -> [UInt8] {
      makeStream { stream in
        for mark in 1...count { stream.blob(mark, "\(mark)") }
      }
    }
    // Marks lie in blocks of 1,024, the first of which has no mark 0.
    let small = try await tables(of: blobs(9 * 1024 - 1))
    let large = try await tables(of: blobs(19 * 1024 - 1))
    #expect(small.objectTable.entries == 9215 && large.markTable.entries == 19_455)
    #expect(growth(small.objectTable, large.objectTable) <= 32)
    #expect(growth(small.markTable, large.markTable) <= 4.1)
    #expect(large.statistics.contains("      marks:          19455\n"))
  }

  /// Marks that a stranger chose: no block of memory for each.
  @Test func ofMarksAtRandom() async throws {
    var random = Seeded(7)
    let count = 20_000
    let stream = makeStream { stream in
      stream.commit("refs/heads/main", mark: 1)
      for _ in 1..<count {
        stream.line("alias")
        stream.line("mark :\(random.next())")
        stream.line("to :1")
        stream.line("")
      }
    }
    let marks = try await tables(of: stream).markTable
    #expect(marks.entries == count)
    #expect(marks.bytes < count * 40)
  }

  @Test func ofBranches() async throws {
    func branches(_ count: Int) -> [UInt8] {
      makeStream { stream in
        stream.commit("refs/heads/main", mark: 1)
        for number in 1..<count {
          stream.line("reset refs/heads/branch-\(number)")
          stream.line("from :1")
          stream.line("")
        }
      }
    }
    let small = try await tables(of: branches(500))
    let large = try await tables(of: branches(1000))
    #expect(large.branchTable.entries == 1000)
    #expect(growth(small.branchTable, large.branchTable) <= 80)
  }
}
