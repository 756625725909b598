import Foundation
import Testing

@testable import CairnChunks

/// The library's own code, not a model of it, in seeded schedules of writers, collectors, people who
/// forget and verify, crashes, sleep and listings that lag: every commit can be read, byte for byte.
///
/// `CAIRN_REPOSITORY_SCHEDULES` is the number of schedules, a dozen by default and hundreds with
/// `CAIRN_LONG_TESTS=1`; `CAIRN_SEED` is where their seeds begin.
@Suite struct RepositorySimulationTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let count =
    environment["CAIRN_REPOSITORY_SCHEDULES"].flatMap { Int($0) }
    ?? (environment["CAIRN_LONG_TESTS"] == "1" ? 300 : 12)
  private static let firstSeed =
    environment["CAIRN_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 40)

  @Test func nothingIsLostAndGarbageGoes() async throws {
    typealias Events = RepositorySchedule.Events
    var all: [Events] = []
    for seed in Self.firstSeed..<Self.firstSeed + UInt64(Self.count) {
      let (events, problem) = try await RepositorySchedule(seed: seed).run()
      if let problem {
        Issue.record("CAIRN_SEED=\(seed) CAIRN_REPOSITORY_SCHEDULES=1: \(problem)")
        return
      }
      all.append(events)
    }
    // Hundreds of schedules are worth something only if all of this happens in them.
    let kinds: [(String, KeyPath<Events, Int>)] = [
      ("commits", \.commits), ("refusals", \.refusals), ("bases", \.bases), ("deaths", \.deaths),
      ("sleeps", \.sleeps), ("lags", \.lags), ("merges", \.merges),
      ("verifications", \.verifications), ("collections", \.collections),
      ("compacted packs", \.compactedPacks), ("deleted packs", \.deletedPacks),
      ("closed sessions", \.closedSessions), ("postponed packs", \.postponedPacks),
    ]
    guard Self.count >= 100 else { return }
    for (name, kind) in kinds {
      let sum = all.reduce(0) { $0 + $1[keyPath: kind] }
      #expect(sum >= Self.count / 50, "\(name), first seed \(Self.firstSeed)")
    }
  }

  @Test func aLossIsFoundOut() async throws {
    let schedule = try await RepositorySchedule(seed: 4)
    #expect(try await schedule.run().problem == nil)
    try await schedule.loseAPack()
    #expect(try await schedule.loss() != nil)
  }
}
