/// Which roots stay when others are forgotten.
///
/// Roots of one name are a series; each rule is applied to each series on its own, from the newest
/// root back. A root stays if any rule keeps it. Nothing here looks at a clock.
///
/// Hours, days, weeks (from Monday), months and years are those of the Gregorian calendar in UTC, or
/// at ``utcOffset`` from it; changes to daylight saving time are not known here.
public struct RetentionPolicy: Sendable, Hashable {
  /// The newest roots.
  public var last = 0
  /// The newest root of each of the last so many hours that have one; and so on.
  public var hourly = 0
  public var daily = 0
  public var weekly = 0
  public var monthly = 0
  public var yearly = 0
  /// Roots that are at most so much older than the newest of the series.
  public var within: Duration?
  /// Roots that have this value in a field, each of these.
  public var fields: [String: String] = [:]
  /// Only series of these names are considered, all others stay; `nil` for all.
  public var names: Set<String>?
  /// What is added to UTC to tell days apart, in seconds.
  public var utcOffset = 0

  public init() {}

  /// Whether no rule keeps anything.
  public var isEmpty: Bool {
    [last, hourly, daily, weekly, monthly, yearly].allSatisfy { $0 <= 0 } && within == nil
      && fields.isEmpty
  }
}

/// Which roots stay and why, and which go.
public struct RetentionPlan: Sendable, Hashable, Codable {
  /// Why a root stays.
  public enum Reason: String, Sendable, Hashable, Codable, CaseIterable {
    case last, hourly, daily, weekly, monthly, yearly, within, field
    /// No rule is about its series.
    case otherName
  }

  public struct Decision: Sendable, Hashable, Codable {
    public let root: Root
    /// Empty if the root goes.
    public let reasons: [Reason]
    public var isKept: Bool { !reasons.isEmpty }
  }

  /// Each root, the oldest first.
  public let decisions: [Decision]

  /// The roots that go.
  public var forgotten: [Root] { decisions.filter { !$0.isKept }.map(\.root) }
}

extension RetentionPolicy {
  /// What becomes of some roots.
  ///
  /// - Throws: ``ChunkStoreError/Code/invalid`` if the policy has no rule, for it would keep nothing.
  public func plan(_ roots: [Root]) throws(ChunkStoreError) -> RetentionPlan {
    guard !isEmpty else {
      throw ChunkStoreError(
        .invalid, "the policy keeps nothing, so every snapshot would go; say what is to be kept")
    }
    let sorted = roots.sorted { ($0.time, $0.id) < ($1.time, $1.id) }
    var reasons = [[RetentionPlan.Reason]](repeating: [], count: sorted.count)
    var series: [String: [Int]] = [:]
    for (number, root) in sorted.enumerated() {
      if names?.contains(root.name) == false {
        reasons[number] = [.otherName]
      } else {
        series[root.name, default: []].append(number)
      }
    }
    for numbers in series.values {
      for (number, reason) in keep(numbers.reversed(), of: sorted) {
        reasons[number].append(reason)
      }
    }
    return RetentionPlan(
      decisions: zip(sorted, reasons).map { root, reasons in
        RetentionPlan.Decision(root: root, reasons: reasons)
      })
  }

  /// - Parameter numbers: those of one series in `roots`, the newest first.
  private func keep(
    _ numbers: [Int], of roots: [Root]
  ) -> [(Int, RetentionPlan.Reason)] {
    var kept: [(Int, RetentionPlan.Reason)] = numbers.prefix(max(0, last)).map { ($0, .last) }
    let rules: [(RetentionPlan.Reason, Int, (CalendarTime) -> Int64)] = [
      (.hourly, hourly, \.hour), (.daily, daily, \.day), (.weekly, weekly, \.week),
      (.monthly, monthly, \.month), (.yearly, yearly, \.year),
    ]
    for (reason, count, period) in rules {
      var lastPeriod: Int64?
      var left = count
      for number in numbers where left > 0 {
        let current = period(CalendarTime(nanoseconds: roots[number].time, utcOffset: utcOffset))
        if current == lastPeriod { continue }
        lastPeriod = current
        left -= 1
        kept.append((number, reason))
      }
    }
    if let within, let newest = numbers.first {
      for number in numbers {
        let (age, isFar) = roots[newest].time.subtractingReportingOverflow(roots[number].time)
        if !isFar, Duration.nanoseconds(age) <= within { kept.append((number, .within)) }
      }
    }
    for number in numbers
    where fields.contains(where: { roots[number].fields[$0.key] == $0.value }) {
      kept.append((number, .field))
    }
    return kept
  }
}

/// The hour, day, week, month and year of a moment, each as a number that grows with time.
struct CalendarTime {
  let hour: Int64
  let day: Int64
  /// From Monday to Sunday.
  let week: Int64
  let month: Int64
  let year: Int64

  /// - Parameters:
  ///   - nanoseconds: since 1970-01-01 00:00 UTC.
  ///   - utcOffset: seconds that are added.
  init(nanoseconds: Int64, utcOffset: Int = 0) {
    let seconds = nanoseconds.floored(by: 1_000_000_000) + Int64(utcOffset)
    hour = seconds.floored(by: 3600)
    day = seconds.floored(by: 86_400)
    // 1970-01-01 was a Thursday.
    week = (day + 3).floored(by: 7)
    // Years are counted from March, so that a leap day is the last of its year; 400 years have
    // 146,097 days, and 5 months from March on 153.
    let shifted = day + 719_468
    let era = shifted.floored(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let isNextYear = monthFromMarch >= 10
    year = era * 400 + yearOfEra + (isNextYear ? 1 : 0)
    month = year * 12 + (monthFromMarch + 2) % 12
  }
}

extension Int64 {
  fileprivate func floored(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}

extension Repository {
  /// Removes roots, so that the next collection deletes what nothing else needs.
  ///
  /// Each is gone for good when its blob is deleted; where this ends early, some are and some are
  /// not. A root that is gone already is a success.
  ///
  /// - Throws: ``ChunkStoreError/Code/notPermitted`` unless an owner asks.
  public func forget(_ roots: [Root]) async throws(ChunkStoreError) {
    try requireOwner("remove roots")
    for root in roots { try await target.delete(.root(root.id)) }
  }
}
