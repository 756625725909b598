public import CairnChunks
public import CairnTestKit

/// Examines whether a `Target` of your own keeps the promises that a repository relies on.
///
///     let report = await TargetConformance { MyTarget() }.run()
///     #expect(report.isSound, "\(report)")         // Swift Testing
///     XCTAssert(report.isSound, "\(report)")       // XCTest
///     print(report)                                // anywhere
///
/// What it cannot examine is what survives a power cut, and what the target does when its server or
/// its disk fails.
public struct TargetConformance: Sendable {
  typealias Factory = @Sendable () async throws -> any Target
  typealias View = @Sendable (any Target) async throws -> any Target

  let options: Options
  let makeEmpty: Factory
  let openAgain: View?
  let view: View?

  /// - Parameters:
  ///   - makeEmpty: Makes a target in which nothing is below ``Options/prefix``. It is called for each
  ///     check, and may return the same one each time: each check has a folder of its own, which it
  ///     empties if blobs can be deleted.
  ///   - openAgain: Opens the place of such a target once more, as another process would; `nil` if
  ///     nobody can.
  public init(
    _ options: Options = Options(),
    makingEmpty makeEmpty: @escaping @Sendable () async throws -> any Target,
    openingAgain openAgain: (@Sendable (any Target) async throws -> any Target)? = nil
  ) {
    self.options = options
    self.makeEmpty = makeEmpty
    self.openAgain = openAgain
    view = nil
  }

  /// Examines a target that can only be read: what it finds in a place, and that it changes nothing.
  ///
  /// - Parameters:
  ///   - makeEmpty: Makes the target through which a place is filled.
  ///   - view: Opens the place of such a target for reading only; this is examined.
  public init(
    _ options: Options = Options(),
    makingEmpty makeEmpty: @escaping @Sendable () async throws -> any Target,
    readingThrough view: @escaping @Sendable (any Target) async throws -> any Target
  ) {
    self.options = options
    self.makeEmpty = makeEmpty
    self.view = view
    openAgain = nil
  }

  /// Makes all checks, one after the other; none of them stops the others. Takes some seconds for a
  /// local target.
  ///
  /// - Parameter onCheck: is told of each check when it has been made.
  public func run(
    onCheck: (ConformanceReport.Check) -> Void = { _ in }
  ) async -> ConformanceReport {
    await run(where: { _ in true }, onCheck: onCheck)
  }

  /// Makes those checks whose promise is chosen.
  func run(
    where isChosen: (String) -> Bool, onCheck: (ConformanceReport.Check) -> Void = { _ in }
  ) async -> ConformanceReport {
    var report = ConformanceReport()
    for (number, (promise, check)) in TargetSubject.checks.enumerated() where isChosen(promise) {
      let outcome = await outcome(of: check, number: number)
      report.checks.append(.init(promise: promise, outcome: outcome))
      onCheck(report.checks[report.checks.count - 1])
    }
    return report
  }

  private func outcome(
    of check: @escaping TargetSubject.Check, number: Int
  ) async -> ConformanceReport.Check.Outcome {
    let task = Task {
      let subject = try await makeSubject(number: number)
      do {
        try await check(subject)
      } catch {
        await subject.removeAll()
        throw error
      }
      await subject.removeAll()
    }
    switch await task.result(within: options.timeLimit) {
    case .success: return .passed
    case .failure(let skipped as Skipped): return .skipped(skipped.reason)
    case .failure(let error): return .failed("\(error)")
    case nil:
      task.cancel()
      return .failed("it has not ended after \(options.timeLimit)")
    }
  }

  private func makeSubject(number: Int) async throws -> TargetSubject {
    let writer = try await makeEmpty()
    return TargetSubject(
      target: try await view?(writer) ?? writer, writer: writer,
      folder: "\(options.prefix)check-\(number)/", isReadOnly: view != nil, openAgain: openAgain,
      options: options)
  }
}

extension Task where Failure == any Error {
  /// What became of the task, or `nil` if it has not ended by then; it is not cancelled.
  func result(within limit: Duration) async -> Result<Success, any Error>? {
    let (results, continuation) = AsyncStream.makeStream(of: Result<Success, any Error>?.self)
    Task<Void, Never> { continuation.yield(await result) }
    let timer = Task<Void, Never> {
      try? await Task<Never, Never>.sleep(for: limit)
      continuation.yield(nil)
    }
    defer { timer.cancel() }
    for await first in results { return first }
    return nil
  }
}
