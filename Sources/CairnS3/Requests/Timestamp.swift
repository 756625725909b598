#if S3
  import CairnCore

  /// A point in time as signatures have it: seconds since 1970, in UTC.
  struct Timestamp: Hashable, Sendable {
    let seconds: Int64

    static var now: Timestamp { Timestamp(seconds: currentTime() / 1_000_000_000) }

    /// `20261121`.
    var day: String { String(text.prefix(8)) }

    /// `20261121T190000Z` (ISO 8601, basic format).
    var text: String {
      let (year, month, day) = date
      let time = seconds - days * 86_400
      return Self.digits(year, 4) + Self.digits(month, 2) + Self.digits(day, 2) + "T"
        + Self.digits(time / 3600, 2) + Self.digits(time / 60 % 60, 2) + Self.digits(time % 60, 2)
        + "Z"
    }

    /// `2026-11-21T19:00:00Z` (ISO 8601, extended format).
    var extendedText: String {
      let (year, month, day) = date
      let time = seconds - days * 86_400
      return "\(Self.digits(year, 4))-\(Self.digits(month, 2))-\(Self.digits(day, 2))T"
        + "\(Self.digits(time / 3600, 2)):\(Self.digits(time / 60 % 60, 2))"
        + ":\(Self.digits(time % 60, 2))Z"
    }

    init(seconds: Int64) {
      self.seconds = seconds
    }

    /// Reads the extended format, with or without a fraction of a second.
    init?(extended text: String) {
      let bytes = Array(text.utf8)
      let separators: [Int: Character] = [4: "-", 7: "-", 10: "T", 13: ":", 16: ":"]
      guard bytes.count >= 20, bytes.last == UInt8(ascii: "Z"),
        separators.allSatisfy({ bytes[$0] == $1.asciiValue })
      else { return nil }
      func number(_ range: Range<Int>) -> Int64? {
        bytes[range].reduce(Int64?.some(0)) { value, byte in
          guard let value, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
            return nil
          }
          return value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
      }
      guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
        let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
        (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
      else { return nil }
      seconds = Self.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    private static func digits(_ value: Int64, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    private var days: Int64 {
      seconds / 86_400 - (seconds % 86_400 < 0 ? 1 : 0)
    }

    // The calendar in eras of 400 years that begin in March, so that the day of a leap year is the last
    // (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").

    private var date: (year: Int64, month: Int64, day: Int64) {
      let shifted = days + 719_468
      let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
      let dayOfEra = shifted - era * 146_097
      let yearOfEra =
        (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
      let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
      let shiftedMonth = (5 * dayOfYear + 2) / 153
      let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
      return (
        yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
        dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
      )
    }

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
      let shifted = month <= 2 ? year - 1 : year
      let era = (shifted >= 0 ? shifted : shifted - 399) / 400
      let yearOfEra = shifted - era * 400
      let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
      return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
  }
#endif
