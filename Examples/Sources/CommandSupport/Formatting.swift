#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Values as people read them, and as JSON has them.
package enum Formatting {
  private static let nanosecondsPerSecond: Int64 = 1_000_000_000

  /// A time in nanoseconds since 1970 on the local calendar and clock: 2026-11-21 07:25:00.
  package static func localTime(_ nanoseconds: Int64) -> String {
    var seconds = time_t(split(nanoseconds).seconds)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return text(parts, separator: " ")
  }

  /// The seconds by which the local clock is ahead of UTC at a time in nanoseconds since 1970.
  package static func utcOffset(_ nanoseconds: Int64) -> Int {
    var seconds = time_t(split(nanoseconds).seconds)
    var parts = tm()
    localtime_r(&seconds, &parts)
    return parts.tm_gmtoff
  }

  /// A time in nanoseconds since 1970: 2026-11-21T07:25:00.123456789Z.
  package static func utcTime(_ nanoseconds: Int64) -> String {
    let (whole, rest) = split(nanoseconds)
    var seconds = time_t(whole)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return text(parts, separator: "T") + "." + padded(rest, to: 9) + "Z"
  }

  /// Nanoseconds since 1970.
  package static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * nanosecondsPerSecond + Int64(time.tv_nsec)
  }

  /// Rounded down, so that the rest is not negative before 1970 either.
  private static func split(_ nanoseconds: Int64) -> (seconds: Int64, rest: Int64) {
    let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: nanosecondsPerSecond)
    return rest < 0 ? (seconds - 1, rest + nanosecondsPerSecond) : (seconds, rest)
  }

  private static func text(_ parts: tm, separator: String) -> String {
    let date = [Int64(parts.tm_year) + 1900, Int64(parts.tm_mon) + 1, Int64(parts.tm_mday)]
    let time = [Int64(parts.tm_hour), Int64(parts.tm_min), Int64(parts.tm_sec)]
    return "\(padded(date[0], to: 4))-\(padded(date[1], to: 2))-\(padded(date[2], to: 2))"
      + separator + time.map { padded($0, to: 2) }.joined(separator: ":")
  }

  private static func padded(_ number: Int64, to count: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, count - digits.count)) + digits
  }

  /// A number with its thousands set apart: 1,234,567.
  package static func count(_ number: some BinaryInteger) -> String {
    var text = ""
    let digits = String(number)
    for (position, digit) in digits.enumerated() {
      if position > 0, (digits.count - position).isMultiple(of: 3) { text += "," }
      text.append(digit)
    }
    return text
  }

  /// "1 file", "2 files".
  package static func count(_ number: some BinaryInteger, _ noun: String) -> String {
    if number == 1 { return "1 \(noun)" }
    let plural = noun.hasSuffix("y") ? "\(noun.dropLast())ies" : "\(noun)s"
    return "\(count(number)) \(plural)"
  }

  /// A number of bytes: 512 B, 1.2 GiB.
  package static func bytes(_ number: some BinaryInteger) -> String {
    var tenths = UInt64(number)
    guard tenths >= 1024 else { return "\(tenths) B" }
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var unit = 0
    while unit + 1 < units.count, tenths >= 1 << 20 {
      tenths >>= 10
      unit += 1
    }
    // Rounded to tenths of the unit; the quotient is less than 1,048,576 in any case.
    tenths = (tenths * 10 + 512) >> 10
    return "\(tenths / 10).\(tenths % 10) \(units[unit])"
  }

  /// A time span: 4.2 s, 3:07 min, 2:15 h.
  package static func duration(_ seconds: Double) -> String {
    if seconds < 60 {
      let tenths = Int64((max(0, seconds) * 10).rounded())
      return "\(tenths / 10).\(tenths % 10) s"
    }
    let whole = Int64(seconds)
    return whole < 3600
      ? "\(whole / 60):\(padded(whole % 60, to: 2)) min"
      : "\(whole / 3600):\(padded(whole / 60 % 60, to: 2)) h"
  }

  /// Text for a line of its own: what would end the line or move the cursor is shown as `\x1b`.
  package static func oneLine(_ text: String) -> String {
    var line = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator:
        line.append(contentsOf: "\\x\(String(scalar.value, radix: 16))".unicodeScalars)
      default: line.append(scalar)
      }
    }
    return String(line)
  }

  package static func octal(_ permissions: UInt16) -> String {
    let digits = String(permissions, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// Text in a column.
  package static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  package static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
