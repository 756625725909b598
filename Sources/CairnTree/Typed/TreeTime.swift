/// A moment to the nanosecond, from the year 1677 to 2262.
@frozen
public struct TreeTime: RawRepresentable, TreeKey, Hashable, Comparable, Codable {
  /// The nanoseconds since the beginning of 1970, UTC, without leap seconds; negative before.
  public var rawValue: Int64

  @inlinable
  public init(rawValue: Int64) {
    self.rawValue = rawValue
  }

  /// The moment so many nanoseconds after the beginning of 1970, UTC.
  @inlinable
  public init(nanoseconds: Int64) {
    self.init(rawValue: nanoseconds)
  }

  /// The moment that the system's `timespec` tells.
  ///
  /// - Returns: `nil` for one that is too early or too late.
  @inlinable
  public init?(seconds: Int64, nanoseconds: Int64) {
    let (product, isTooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isTooFar) = product.addingReportingOverflow(nanoseconds)
    guard !isTooLarge, !isTooFar else { return nil }
    self.init(rawValue: sum)
  }

  @inlinable public var nanoseconds: Int64 { rawValue }

  @inlinable
  public static func < (a: TreeTime, b: TreeTime) -> Bool { a.rawValue < b.rawValue }
}

extension TreeTime: CustomStringConvertible {
  private static let nanosecondsPerSecond: Int64 = 1_000_000_000
  private static let secondsPerDay: Int64 = 86_400

  /// In UTC: 2026-11-21T07:25:00.123456789Z.
  public var description: String {
    let seconds = Self.floor(rawValue, Self.nanosecondsPerSecond)
    let days = Self.floor(seconds.quotient, Self.secondsPerDay)
    let (year, month, day) = Self.date(days.quotient)
    let time = Int(days.rest)
    return "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))T"
      + "\(Self.padded(time / 3600, 2)):\(Self.padded(time / 60 % 60, 2)):"
      + "\(Self.padded(time % 60, 2)).\(Self.padded(Int(seconds.rest), 9))Z"
  }

  private static func floor(_ number: Int64, _ unit: Int64) -> (quotient: Int64, rest: Int64) {
    let (quotient, rest) = number.quotientAndRemainder(dividingBy: unit)
    return rest < 0 ? (quotient - 1, rest + unit) : (quotient, rest)
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// The date so many days after 1970-01-01, in the Gregorian calendar.
  ///
  /// Years are counted from March on, so that the leap day is the last one; an era is 400 years.
  private static func date(_ days: Int64) -> (year: Int, month: Int, day: Int) {
    let sinceMarchOfYear0 = days + 719_468
    let (era, dayOfEra) = floor(sinceMarchOfYear0, 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return (Int(year), Int(month), Int(day))
  }
}

/// 16 bytes: the attoseconds.
extension Duration: TreeKey {
  @inlinable public static var encodedWidth: Int? { 16 }

  @inlinable
  public func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try attoseconds.withEncoded(body)
  }

  @inlinable
  public init?(encoded: RawSpan) {
    guard let attoseconds = Int128(encoded: encoded) else { return nil }
    self.init(attoseconds: attoseconds)
  }
}
