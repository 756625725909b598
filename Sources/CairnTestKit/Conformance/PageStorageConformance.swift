public import CairnTree

/// Examines whether a `PageStorage` of your own keeps the promises that a store relies on.
///
///     let report = PageStorageConformance { try MyStorage() }.run()
///     #expect(report.isSound, "\(report)")         // Swift Testing
///     XCTAssert(report.isSound, "\(report)")       // XCTest
///     print(report)                                // anywhere
///
/// What it cannot examine is what survives a power cut.
public struct PageStorageConformance {
  let makeEmpty: () throws -> any PageStorage
  let openAgain: ((any PageStorage) throws -> any PageStorage)?

  /// - Parameters:
  ///   - makeEmpty: Makes a storage that is empty and of nobody else. It is called for each check.
  ///   - openAgain: Opens what such a storage stands for once more while that is still open, as
  ///     another process would; `nil` if nobody can.
  public init(
    openingAgainWith openAgain: ((any PageStorage) throws -> any PageStorage)? = nil,
    makingEmpty makeEmpty: @escaping () throws -> any PageStorage
  ) {
    self.makeEmpty = makeEmpty
    self.openAgain = openAgain
  }

  /// Makes all checks; none of them stops the others. Takes about a second on a disk.
  public func run() -> ConformanceReport { run { _ in true } }

  /// Makes those checks whose promise is chosen.
  func run(where isChosen: (String) -> Bool) -> ConformanceReport {
    var report = ConformanceReport()
    for (promise, check) in Self.checks where isChosen(promise) {
      let outcome: ConformanceReport.Check.Outcome
      do {
        try check(self)
        outcome = .passed
      } catch let found as Skipped {
        outcome = .skipped(found.reason)
      } catch {
        outcome = .failed("\(error)")
      }
      report.checks.append(.init(promise: promise, outcome: outcome))
    }
    return report
  }
}
