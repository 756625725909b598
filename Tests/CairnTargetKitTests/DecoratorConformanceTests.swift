import CairnChunks
import CairnTargetKit
import Testing

/// Every decorator is a target like any other, alone and in a stack.
@Suite struct DecoratorConformanceTests {
  private static let options = TargetConformance.Options(listedNames: 200)

  private func expectConformance(
    _ options: TargetConformance.Options = options,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ decorate: @escaping @Sendable (any Target) -> any Target
  ) async {
    let report = await TargetConformance(options) { decorate(MemoryTarget()) }.run()
    #expect(report.isSound, "\(report)", sourceLocation: sourceLocation)
  }

  @Test func retryingOverFaults() async {
    await expectConformance { base in
      RetryingTarget(
        FaultyTarget(base, seed: 71, rate: 0.2), .init(deadline: .seconds(1_000_000)),
        clock: SimulatedClock())
    }
  }

  @Test func rateLimited() async {
    await expectConformance {
      RateLimitedTarget($0, upload: 1 << 20, download: 1 << 20, clock: SimulatedClock())
    }
  }

  @Test func mirroring() async {
    await expectConformance { MirroringTarget([$0, MemoryTarget(), MemoryTarget()]) }
  }

  @Test func appendOnly() async {
    var options = Self.options
    options.canDelete = false
    await expectConformance(options) { AppendOnlyTarget($0) }
  }

  @Test func readOnly() async {
    let report = await TargetConformance(Self.options) {
      MemoryTarget()
    } readingThrough: {
      ReadOnlyTarget($0)
    }.run()
    #expect(report.isSound, "\(report)")
    #expect(report.checks.filter { $0.outcome == .passed }.count == 14)
  }

  @Test func faultyWithoutFaults() async {
    await expectConformance { FaultyTarget($0) { _ in nil } }
  }

  @Test func slow() async {
    await expectConformance {
      SlowTarget($0, latency: .milliseconds(50), bytesPerSecond: 1 << 20, clock: SimulatedClock())
    }
  }

  @Test func aStack() async {
    let clock = SimulatedClock()
    await expectConformance { base in
      let faulty = FaultyTarget(MemoryTarget(), seed: 72, rate: 0.1)
      let mirrors = MirroringTarget([base, faulty])
      let limited = RateLimitedTarget(mirrors, upload: 1 << 20, download: 1 << 20, clock: clock)
      return RetryingTarget(limited, .init(deadline: .seconds(1_000_000)), clock: clock)
    }
  }

  @Test func aLagIsSeenAndAllowed() async {
    let seen = await TargetConformance(Self.options) {
      // Time does not go on: nothing ever shows.
      SlowTarget(MemoryTarget(), listingLag: .seconds(1), clock: SimulatedClock())
    }.run()
    #expect(!seen.isSound, "\(seen)")
    var options = Self.options
    options.lag = .seconds(600)
    let allowed = await TargetConformance(options) {
      SlowTarget(MemoryTarget(), listingLag: .milliseconds(5))
    }.run()
    #expect(allowed.isSound, "\(allowed)")
  }
}
