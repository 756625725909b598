import Foundation
import Testing

@testable import CairnChunks

/// Writers, collectors, crashes and delays in seeded schedules: no commit is ever lost, and garbage
/// goes in the end.
///
/// `CAIRN_SCHEDULES` is the number of schedules, `CAIRN_SEED` where their seeds begin.
@Suite struct CollectionSimulationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let isLong = environment["CAIRN_LONG_TESTS"] == "1"
  private static let count = environment["CAIRN_SCHEDULES"].flatMap { Int($0) } ?? 2000
  private static let firstSeed =
    environment["CAIRN_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 40)

  @Test func nothingIsLostAndGarbageGoes() {
    var events: [ScheduleEvents] = []
    for seed in Self.firstSeed..<Self.firstSeed + UInt64(Self.count) {
      var schedule = Schedule(seed: seed)
      if let problem = schedule.run() {
        Issue.record("CAIRN_SEED=\(seed) CAIRN_SCHEDULES=1: \(problem)")
        return
      }
      events.append(schedule.events)
    }
    // The schedules are worth something only if all of this happens in them, and often.
    guard Self.count >= 500 else { return }
    for (name, path) in ScheduleEvents.kinds {
      let schedules = events.count { $0[keyPath: path] > 0 }
      #expect(schedules >= Self.count / 50, "\(name), first seed \(Self.firstSeed)")
    }
  }

  /// Schedules that once found a flaw in the rules.
  @Test(arguments: [773_468_137_433] as [UInt64])
  func whatWasLostOnceIsKept(seed: UInt64) {
    var schedule = Schedule(seed: seed)
    #expect(schedule.run() == nil)
  }

  /// Each rule is needed: without it, some schedule loses something. The rules of which that is seldom
  /// seen are broken with `CAIRN_LONG_TESTS=1`.
  @Test(arguments: isLong ? ProtocolRule.allCases : ProtocolRule.often)
  func aBrokenRuleIsFoundOut(rule: ProtocolRule) {
    for seed in 1...30_000 as ClosedRange<UInt64> {
      var schedule = Schedule(seed: seed, breaking: rule)
      if schedule.run() != nil { return }
    }
    Issue.record("no schedule notices that \"\(rule)\" is broken")
  }
}
