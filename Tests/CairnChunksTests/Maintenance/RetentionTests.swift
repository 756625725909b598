import CairnCrypto
import Foundation
import Testing

@testable import CairnChunks

@Suite struct RetentionTests {
  private static let second: Int64 = 1_000_000_000

  private func root(_ number: Int, name: String = "a", seconds: Int64, tag: String? = nil) -> Root {
    Root(
      id: SHA256.hash(of: Array("\(name) \(number)".utf8).span.bytes), name: name,
      time: seconds * Self.second, chunk: ChunkID(SHA256.hash(of: RawSpan())), session: "",
      fields: tag.map { ["tag": $0] } ?? [:])
  }

  @Test func eachRuleSaysWhatItKeeps() throws {
    var policy = RetentionPolicy()
    policy.last = 1
    policy.daily = 2
    policy.fields = ["tag": "release"]
    let day: Int64 = 86_400
    let roots = [
      root(0, seconds: 10, tag: "release"), root(1, seconds: 5 * day),
      root(2, seconds: 6 * day), root(3, seconds: 6 * day + 100), root(4, name: "b", seconds: 0),
    ]
    let plan = try policy.plan(roots.shuffled())
    #expect(plan.decisions.map(\.root.time) == roots.map(\.time).sorted())
    let reasons = Dictionary(
      uniqueKeysWithValues: plan.decisions.map { ($0.root.id, $0.reasons) })
    #expect(reasons[roots[0].id] == [.field])
    #expect(reasons[roots[1].id] == [.daily])
    #expect(reasons[roots[2].id] == [])
    #expect(reasons[roots[3].id] == [.last, .daily])
    #expect(reasons[roots[4].id] == [.last, .daily])
    #expect(plan.forgotten == [roots[2]])

    policy.names = ["b"]
    #expect(try policy.plan(roots).forgotten.isEmpty)
  }

  @Test func aPolicyWithoutRulesIsRefused() throws {
    var policy = RetentionPolicy()
    policy.names = ["a"]
    let error = #expect(throws: ChunkStoreError.self) { try policy.plan([]) }
    #expect(error?.code == .invalid)
  }

  @Test func withinCountsFromTheNewest() throws {
    var policy = RetentionPolicy()
    policy.within = .seconds(100)
    let roots = [0, 899, 900, 1000].map { root(Int($0), seconds: $0) }
    #expect(try policy.plan(roots).forgotten.map(\.time) == [0, 899 * Self.second])
  }

  /// Against Foundation's calendar, over years before and after 1970 and at an offset.
  @Test(arguments: [0, 3600 * 9 + 1800, -3600 * 11])
  func periodsAreThoseOfTheCalendar(offset: Int) throws {
    var calendar = Calendar(identifier: .iso8601)
    calendar.timeZone = try #require(TimeZone(secondsFromGMT: offset))
    let seed = UInt64.random(in: 0..<1 << 40)
    var random = SeededRandom(seed)
    for _ in 0..<2000 {
      let seconds = Int64(random.next() % 8_000_000_000) - 3_000_000_000
      let time = CalendarTime(nanoseconds: seconds * Self.second + 1, utcOffset: offset)
      let date = Date(timeIntervalSince1970: Double(seconds))
      let parts = calendar.dateComponents([.year, .month, .hour, .weekday], from: date)
      let year = try #require(parts.year)
      let month = try #require(parts.month)
      #expect(time.year == Int64(year), "seed \(seed), \(seconds)")
      #expect(time.month == Int64(year * 12 + month - 1), "seed \(seed), \(seconds)")
      #expect(parts.hour.map { Int64($0) } == time.hour - time.day * 24, "seed \(seed)")
      // A week begins on Monday, day 2 of Foundation's.
      let isMonday =
        CalendarTime(
          nanoseconds: (seconds - 86_400) * Self.second, utcOffset: offset
        ).week != time.week
      #expect(isMonday == (parts.weekday == 2), "seed \(seed), \(seconds)")
    }
  }

  /// Against a model that looks at each root by itself.
  @Test func randomPoliciesAgreeWithAModel() throws {
    let seed = UInt64.random(in: 0..<1 << 40)
    var random = SeededRandom(seed)
    for _ in 0..<100 {
      let roots = (0..<40).map { number in
        root(number, seconds: Int64(random.next() % (86_400 * 400)))
      }
      var policy = RetentionPolicy()
      policy.last = Int(random.next() % 4)
      policy.hourly = Int(random.next() % 4)
      policy.daily = Int(random.next() % 4)
      policy.weekly = Int(random.next() % 4)
      policy.monthly = Int(random.next() % 4)
      policy.yearly = 1 + Int(random.next() % 2)
      let rules: [(Int, (Root) -> Int64)] = [
        (policy.hourly, { $0.time / Self.second / 3600 }),
        (policy.daily, { $0.time / Self.second / 86_400 }),
        (policy.weekly, { ($0.time / Self.second / 86_400 + 3) / 7 }),
        (policy.monthly, { CalendarTime(nanoseconds: $0.time).month }),
        (policy.yearly, { CalendarTime(nanoseconds: $0.time).year }),
      ]
      let kept = roots.filter { root in
        let newer = roots.filter { ($0.time, $0.id) > (root.time, root.id) }
        if newer.count < policy.last { return true }
        return rules.contains { count, period in
          let periods = Set(newer.map(period))
          return !periods.contains(period(root)) && periods.count < count
        }
      }
      let plan = try policy.plan(roots)
      #expect(
        Set(plan.decisions.filter(\.isKept).map(\.root.id)) == Set(kept.map(\.id)), "seed \(seed)")
    }
  }
}
