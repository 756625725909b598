#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A date as mail has it (RFC 2822, section 3.3), with or without the day of the week, the month
/// before or behind the day, the year before or behind the time: "Tue, 6 Feb 2007 11:22:18 -0500",
/// "Tue Feb 6 11:22:18 2007 -0500".
struct MailDate {
  /// Since 1970-01-01 00:00 UTC.
  let seconds: Int64
  /// Minutes to the east of UTC.
  let offset: Int

  /// Seconds and an offset, as objects of git have it.
  var raw: String {
    let minutes = abs(offset)
    let zone = minutes / 60 * 100 + minutes % 60
    let digits = String(zone)
    let padding = String(repeating: "0", count: max(0, 4 - digits.count))
    return "\(seconds) \(offset < 0 ? "-" : "+")\(padding)\(digits)"
  }

  static func now() -> MailDate {
    var now = time(nil)
    var local = tm()
    localtime_r(&now, &local)
    return MailDate(seconds: Int64(now), offset: local.tm_gmtoff / 60)
  }

  private init(seconds: Int64, offset: Int) {
    self.seconds = seconds
    self.offset = offset
  }

  private static let months = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
  ]
  private static let halfDay = 12 * 60 * 60
  /// Hours to the east of UTC: the names that RFC 2822 allows, and others that mail has.
  private static let zones = [
    "gmt": 0, "utc": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6,
    "pst": -8, "pdt": -7, "wet": 0, "bst": 1, "cet": 1, "cest": 2, "met": 1, "mest": 2, "eet": 2,
    "eest": 3, "jst": 9,
  ]
  private static let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

  /// - Returns: `nil` unless the text has a day, a month, a year before 2100, which is as far as git
  ///   goes, a time and an offset, once each.
  init?(_ text: some Collection<UInt8>) {
    var day: Int?
    var month: Int?
    var year: Int?
    var time: Int?
    var offset: Int?
    for word in text.split(whereSeparator: { $0 == Byte.space || $0 == UInt8(ascii: ",") }) {
      let word = Array(word)
      let name = String(decoding: word.prefix(3), as: UTF8.self).lowercased()
      if let number = word.decimal {
        if word.count <= 2, day == nil {
          day = Int(number)
        } else if word.count == 4, year == nil {
          year = Int(number)
        } else {
          return nil
        }
      } else if let found = Self.months.firstIndex(of: name), month == nil {
        month = found + 1
      } else if word.contains(Byte.colon), time == nil {
        guard let parsed = Self.timeOfDay(word) else { return nil }
        time = parsed
      } else if word.first == UInt8(ascii: "+") || word.first == UInt8(ascii: "-"), offset == nil {
        guard word.count == 5, let zone = word.dropFirst().decimal, zone % 100 < 60 else {
          return nil
        }
        let minutes = Int(zone) / 100 * 60 + Int(zone) % 100
        offset = word.first == UInt8(ascii: "-") ? -minutes : minutes
      } else if let zone = Self.zones[word.text.lowercased()] {
        // A number says more, and mail often has the name too.
        offset = offset ?? zone * 60
      } else if let clock = time, word.text.lowercased() == "am" {
        time = clock % Self.halfDay
      } else if let clock = time, word.text.lowercased() == "pm" {
        time = clock % Self.halfDay + Self.halfDay
      } else if !Self.days.contains(name) {
        return nil
      }
    }
    guard let day, let month, let year, let time, let offset, (1...31).contains(day),
      (1970..<2100).contains(year)
    else { return nil }
    let seconds = Self.daysSince1970(year, month, day) * 86_400 + Int64(time)
    self.init(seconds: seconds - Int64(offset) * 60, offset: offset)
    guard self.seconds >= 0 else { return nil }
  }

  private static func timeOfDay(_ word: [UInt8]) -> Int? {
    let parts = word.split(separator: Byte.colon, omittingEmptySubsequences: false)
      .map { $0.count <= 2 ? $0.decimal : nil }
    guard (2...3).contains(parts.count), let hour = parts[0], let minute = parts[1], hour < 24,
      minute < 60
    else { return nil }
    guard parts.count == 3 else { return Int(hour * 3600 + minute * 60) }
    guard let second = parts[2], second <= 60 else { return nil }
    return Int(hour * 3600 + minute * 60 + second)
  }

  /// The days between 1970-01-01 and a date of the Gregorian calendar. A year that begins in March
  /// has its leap day at the end, and its months' lengths follow a pattern of five.
  private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let leapDays = shifted / 4 - shifted / 100 + shifted / 400
    // 719,468 days lie between March 1 of the year 0 and 1970-01-01.
    return Int64(shifted * 365 + leapDays + dayOfYear - 719_468)
  }
}
