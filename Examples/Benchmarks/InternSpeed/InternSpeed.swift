import CairnIntern
import Foundation
import SystemPackage

/// Measures the string arena: random strings, and the paths of a file with one per line.
///
/// Run by `compare-intern`; prints a name and a number per line.
@main
struct InternSpeed {
  enum Names {}

  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    guard arguments.count == 2, let count = Int(arguments[1]) else {
      print("usage: InternSpeed STRINGS PATHS-FILE")
      exit(2)
    }
    try measureRandom(count, .lean, "random-lean")
    try measureRandom(count, .fast, "random-fast")
    let paths = try Data(contentsOf: URL(filePath: arguments[2]))
    try measurePaths(Array(paths))
  }

  // MARK: Random strings

  /// Distinct strings of 16 bytes, one behind the other: a bijection of a counter, so that no two are
  /// the same.
  private static func randomText(_ count: Int) -> [UInt8] {
    var text = [UInt8](repeating: 0, count: count * 16)
    for index in 0..<count {
      var value = UInt64(index) &* 0x9E37_79B9_7F4A_7C15
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      value ^= value >> 31
      for byte in 0..<16 {
        let digit = UInt8(truncatingIfNeeded: value >> UInt64(byte * 4)) & 15
        text[index * 16 + byte] = digit < 10 ? 48 + digit : 87 + digit
      }
    }
    return text
  }

  private static func measureRandom(
    _ count: Int, _ growth: ArenaOptions.Growth, _ name: String
  ) throws {
    var watch = Stopwatch()
    let text = randomText(count)
    let bytes = text.span.bytes
    var arena = try StringArena<Names>(ArenaOptions(growth: growth))
    var symbols: [Symbol<Names>] = []
    symbols.reserveCapacity(count)
    watch.start()
    for index in 0..<count {
      symbols.append(try arena.intern(bytes.extracting(index * 16..<index * 16 + 16)))
    }
    let miss = watch.seconds
    report("\(name)-miss-ns", miss / Double(count) * 1e9)
    report("\(name)-overhead-bytes", arena.memory.overheadPerString)
    // In another order than they were added in, which would be kind to the caches; but one behind the
    // other, as a program has just read what it asks for.
    let step = 7_368_787
    var place = 0
    var shuffled: [UInt8] = []
    shuffled.reserveCapacity(text.count)
    for _ in 0..<count {
      place = (place + step) % count
      shuffled += text[place * 16..<place * 16 + 16]
    }
    let asked = shuffled.span.bytes
    var sum: UInt32 = 0
    watch.start()
    for index in 0..<count {
      sum ^= try arena.intern(asked.extracting(index * 16..<index * 16 + 16)).rawValue
    }
    let hit = watch.seconds
    report("\(name)-hit-ns", hit / Double(count) * 1e9)
    let ends = (1...count).map { $0 * 16 }
    var found: [Symbol<Names>] = []
    found.reserveCapacity(count)
    watch.start()
    try arena.internMany(shuffled.span.bytes, endingAt: ends.span, into: &found)
    let batch = watch.seconds
    report("\(name)-batch-hit-ns", batch / Double(count) * 1e9)
    guard growth == .lean else { return }

    let path = FilePath(NSTemporaryDirectory() + "intern-speed.arena")
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    watch.start()
    try arena.freeze(to: path)
    report("\(name)-freeze-ms", watch.seconds * 1e3)
    watch.start()
    _ = try FrozenStringArena<Names>(opening: path, checking: .header)
    let opening = watch.seconds
    report("\(name)-open-us", opening * 1e6)
    watch.start()
    _ = try FrozenStringArena<Names>(opening: path)
    let checking = watch.seconds
    report("\(name)-open-and-check-ms", checking * 1e3)
    let frozen = try FrozenStringArena<Names>(opening: path, checking: .header)
    report(
      "\(name)-frozen-overhead-bytes", Double(frozen.byteCount - text.count) / Double(count))
    report("sum", Double(sum & 1))
  }

  // MARK: Paths

  private static func measurePaths(_ text: [UInt8]) throws {
    var watch = Stopwatch()
    let lines = text.split(separator: UInt8(ascii: "\n"))
    let components = lines.flatMap { $0.split(separator: UInt8(ascii: "/")) }
    var flat: [UInt8] = []
    var ends: [Int] = []
    for component in components {
      flat += component
      ends.append(flat.count)
    }
    report("components", Double(components.count))
    var arena = try StringArena<Names>()
    var symbols: [Symbol<Names>] = []
    symbols.reserveCapacity(components.count)
    let bytes = flat.span.bytes
    watch.start()
    for index in ends.indices {
      let start = index == 0 ? 0 : ends[index - 1]
      symbols.append(try arena.intern(bytes.extracting(start..<ends[index])))
    }
    let first = watch.seconds
    report("distinct-components", Double(arena.count))
    report("components-first-pass-ns", first / Double(components.count) * 1e9)
    var sum: UInt32 = 0
    watch.start()
    for index in ends.indices {
      let start = index == 0 ? 0 : ends[index - 1]
      sum ^= try arena.intern(bytes.extracting(start..<ends[index])).rawValue
    }
    let again = watch.seconds
    report("components-hit-ns", again / Double(components.count) * 1e9)
    var many: [Symbol<Names>] = []
    many.reserveCapacity(components.count)
    watch.start()
    try arena.internMany(bytes, endingAt: ends.span, into: &many)
    let batch = watch.seconds
    report("components-batch-hit-ns", batch / Double(components.count) * 1e9)
    var length = 0
    watch.start()
    for symbol in symbols { length += arena.bytes(of: symbol).byteCount }
    let resolve = watch.seconds
    report("components-resolve-ns", resolve / Double(components.count) * 1e9)
    report("components-overhead-bytes", arena.memory.overheadPerString)

    let strings = components.map { String(decoding: $0, as: UTF8.self) }
    var dictionary: [String: Int] = [:]
    for string in strings { dictionary[string] = dictionary.count }
    watch.start()
    for string in strings { sum ^= UInt32(dictionary[string] ?? 0) }
    let standard = watch.seconds
    report("components-dictionary-hit-ns", standard / Double(strings.count) * 1e9)
    watch.start()
    for string in strings { sum ^= try arena.intern(string).rawValue }
    let ofStrings = watch.seconds
    report("components-string-hit-ns", ofStrings / Double(strings.count) * 1e9)

    var table = try PathTable<Names>()
    watch.start()
    for line in lines { sum ^= try line.withUnsafeBytes { try table.intern($0.bytes) }.rawValue }
    let paths = watch.seconds
    report("paths", Double(lines.count))
    report("path-intern-ns", paths / Double(lines.count) * 1e9)
    let memory = table.components.memory
    let all = memory.text + memory.heads + memory.table + table.byteCount
    report("path-bytes-all-in", Double(all) / Double(table.count))
    report("sum", Double((sum ^ UInt32(truncatingIfNeeded: length)) & 1))
  }

  private static func report(_ name: String, _ value: Double) {
    print(name, String(format: "%.2f", value))
  }
}

/// Seconds of this process's own time since the last start: other programs disturb that less than
/// the time that passes. No closures, which cannot borrow arenas everywhere.
private struct Stopwatch {
  private var began = Self.now

  mutating func start() { began = Self.now }

  var seconds: Double { Self.now - began }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
