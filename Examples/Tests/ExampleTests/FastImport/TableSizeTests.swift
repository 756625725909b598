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
    let small = try await tables(of: blobs(10_000))
    let large = try await tables(of: blobs(20_000))
    #expect(small.objectTable.entries == 10_000 && large.markTable.entries == 20_000)
    #expect(growth(small.objectTable, large.objectTable) <= 32)
    #expect(growth(small.markTable, large.markTable) <= 4.1)
    #expect(large.statistics.contains("      marks:          20000\n"))
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
