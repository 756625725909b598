import CairnIntern
import Foundation
import SystemPackage

#if canImport(Glibc)
  import Glibc
#endif

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
    measureStandard("random", strings(text), strings(shuffled))
  }

  private static func strings(_ text: [UInt8]) -> [String] {
    stride(from: 0, to: text.count, by: 16).map {
      String(decoding: text[$0..<$0 + 16], as: UTF8.self)
    }
  }

  // MARK: The standard library

  /// The bytes of memory that the process has, when the allocator has given back what it can spare.
  private static var resident: Int {
    #if canImport(Glibc)
      if let trim = dlsym(nil, "malloc_trim") {
        _ = unsafeBitCast(trim, to: (@convention(c) (Int) -> CInt).self)(0)
      }
    #endif
    let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = fields.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(sysconf(CInt(_SC_PAGESIZE)))
  }

  /// A copy with storage of its own, as a program has that reads strings.
  private static func copy(_ string: String) -> String {
    String(decoding: Array(string.utf8), as: UTF8.self)
  }

  private static func measureStandard(_ corpus: String, _ strings: [String], _ again: [String]) {
    var watch = Stopwatch()
    var sum = 0
    let count = Double(strings.count)
    var before = resident
    var dictionary: [String: Int] = [:]
    watch.start()
    for string in strings where dictionary[string] == nil {
      dictionary[copy(string)] = dictionary.count
    }
    report("\(corpus)-dictionary-first-pass-ns", watch.seconds / count * 1e9)
    let distinct = Double(dictionary.count)
    let text = dictionary.keys.reduce(0) { $0 + $1.utf8.count }
    report(
      "\(corpus)-dictionary-overhead-bytes", Double(resident - before - text) / distinct)
    watch.start()
    for string in again { sum ^= dictionary[string] ?? 0 }
    report("\(corpus)-dictionary-hit-ns", watch.seconds / count * 1e9)
    dictionary = [:]

    before = resident
    var set: Set<String> = []
    watch.start()
    for string in strings where !set.contains(string) { set.insert(copy(string)) }
    report("\(corpus)-set-first-pass-ns", watch.seconds / count * 1e9)
    report("\(corpus)-set-overhead-bytes", Double(resident - before - text) / distinct)
    watch.start()
    for string in again { sum ^= set.contains(string) ? 1 : 0 }
    report("\(corpus)-set-hit-ns", watch.seconds / count * 1e9)
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
    measureStandard("components", strings, strings)
    watch.start()
    for string in strings { sum ^= try arena.intern(string).rawValue }
    let ofStrings = watch.seconds
    report("components-string-hit-ns", ofStrings / Double(strings.count) * 1e9)

    var fast = try StringArena<Names>(ArenaOptions(growth: .fast))
    watch.start()
    for index in ends.indices {
      let start = index == 0 ? 0 : ends[index - 1]
      sum ^= try fast.intern(bytes.extracting(start..<ends[index])).rawValue
    }
    let fastFirst = watch.seconds
    // What is not a hit, which is known, is a miss.
    let misses = Double(arena.count)
    let hits = (Double(components.count) - misses) * again / Double(components.count)
    report("components-miss-lean-ns", (first - hits) / misses * 1e9)
    report("components-miss-fast-ns", (fastFirst - hits) / misses * 1e9)
    try measureTable(lines)
    report("sum", Double((sum ^ UInt32(truncatingIfNeeded: length)) & 1))
  }

  /// A million distinct paths: those of the file, in as many directories as it takes.
  private static func measureTable(_ lines: [ArraySlice<UInt8>]) throws {
    var watch = Stopwatch()
    let count = 1_000_000
    var text: [UInt8] = []
    var ends: [Int] = []
    for index in 0..<count {
      if index > 0 { text.append(UInt8(ascii: "\n")) }
      text += Array("copy-\(index / lines.count)/".utf8) + lines[index % lines.count]
      ends.append(text.count)
    }
    let bytes = text.span.bytes
    var sum: UInt32 = 0
    var table = try PathTable<Names>()
    watch.start()
    for index in ends.indices {
      let start = index == 0 ? 0 : ends[index - 1] + 1
      sum ^= try table.intern(bytes.extracting(start..<ends[index])).rawValue
    }
    let single = watch.seconds
    report("path-intern-ns", single / Double(count) * 1e9)
    let memory = table.components.memory
    let all = memory.text + memory.heads + memory.table + table.byteCount
    report("path-bytes-all-in", Double(all) / Double(count))
    report("path-bytes-all-in-with-parents", Double(all) / Double(table.count))
    var batched = try PathTable<Names>()
    var paths: [Symbol<Names>] = []
    paths.reserveCapacity(count)
    watch.start()
    try batched.internMany(bytes, separatedBy: UInt8(ascii: "\n"), into: &paths)
    let many = watch.seconds
    report("path-intern-many-ns", many / Double(count) * 1e9)
    paths.removeAll(keepingCapacity: true)
    watch.start()
    try batched.internMany(bytes, separatedBy: UInt8(ascii: "\n"), into: &paths)
    let again = watch.seconds
    report("path-hit-many-ns", again / Double(count) * 1e9)

    var arena = try StringArena<Names>()
    paths.removeAll(keepingCapacity: true)
    watch.start()
    try arena.internMany(bytes, separatedBy: UInt8(ascii: "\n"), into: &paths)
    let whole = watch.seconds
    report("whole-path-intern-many-ns", whole / Double(count) * 1e9)
    let path = FilePath(NSTemporaryDirectory() + "intern-speed.sorted")
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    watch.start()
    try arena.archive(to: path)
    report("archive-write-ms", watch.seconds * 1e3)
    let archive = try SortedStringArchive(opening: path, checking: .header)
    report("archive-bytes-per-path", Double(archive.byteCount) / Double(count))
    report("archive-text-bytes-per-path", Double(text.count) / Double(count))
    var place = 0
    watch.start()
    for _ in 0..<count / 10 {
      place = (place + 736_879) % count
      sum ^= UInt32(try archive.bytes(checking: place).count)
    }
    report("archive-resolve-ns", watch.seconds / Double(count / 10) * 1e9)
    var found = 0
    watch.start()
    for index in stride(from: 0, to: count, by: 10) {
      let start = index == 0 ? 0 : ends[index - 1] + 1
      found ^= try archive.position(of: bytes.extracting(start..<ends[index])) ?? 0
    }
    report("archive-find-ns", watch.seconds / Double(count / 10) * 1e9)
    report("sum", Double((sum ^ UInt32(truncatingIfNeeded: found)) & 1))
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
