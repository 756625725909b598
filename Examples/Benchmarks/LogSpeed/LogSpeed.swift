import CairnLog
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#endif

/// Measures a log of the shape that a backup leaves: one entry, N under it, M under each.
///
///     LogSpeed append LOG N M K    appends them, K of the N open at a time
///     LogSpeed open LOG            opens it for writing, as after a crash
///     LogSpeed view LOG            opens it, and shows rows at random places; first with nothing of it
///                                  in the system's cache
///     LogSpeed write FILE N        writes N bytes, and nothing else: what the system takes for them
@main
enum LogSpeed {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 3 else { fatalError("see the source for what it takes") }
    switch arguments[1] {
    case "append":
      try append(
        FilePath(arguments[2]), children: Int(arguments[3])!, steps: Int(arguments[4])!,
        open: Int(arguments[5])!)
    case "open": try open(FilePath(arguments[2]))
    case "view": try view(FilePath(arguments[2]))
    case "write": try write(FilePath(arguments[2]), byteCount: Int(arguments[3])!)
    default: fatalError("there is no measurement \(arguments[1])")
    }
    print("peak memory: \(peakMemory() >> 20) MiB")
  }

  static let text = String(String(repeating: "copied a block of the file ", count: 3).prefix(80))

  static func append(_ path: FilePath, children: Int, steps: Int, open: Int) throws {
    let log = try Log(path)
    let start = ContinuousClock.now
    let run = try log.open("backup")
    var group: [EntryID] = []
    for _ in 0..<children {
      group.append(try log.open(text, under: run))
      if group.count == open {
        for _ in 0..<steps { for child in group { try log.append(text, under: child) } }
        for child in group { try log.close(child) }
        group = []
      }
    }
    for _ in 0..<steps { for child in group { try log.append(text, under: child) } }
    for child in group { try log.close(child) }
    try log.close(run)
    try log.flush()
    let appended = ContinuousClock.now - start
    try log.finish()
    let total = ContinuousClock.now - start
    let count = 1 + children * (steps + 1)
    print("\(count) entries, flushed: \(rate(count, appended)) million/s")
    print("synchronized: \(rate(count, total)) million/s, after \(total)")
    let bytes = try log.snapshot().byteCount
    print(
      "bytes of entries: \(bytes), beside their texts \(Double(bytes - Int64(count * 80)) / Double(count)) each"
    )
    print(
      "bytes of index: \(try size(path.appending("index"))), \(Double(try size(path.appending("index"))) / Double(count)) each"
    )
  }

  /// Opens for writing: after a crash what the index lacks is read.
  static func open(_ path: FilePath) throws {
    let start = ContinuousClock.now
    let log = try Log(path)
    print("opened in \(ContinuousClock.now - start): \(log.recovery)")
    print("\(try log.snapshot().count) entries, \(try log.openEntries.count) of them open")
  }

  static func write(_ path: FilePath, byteCount: Int) throws {
    let block = [UInt8](repeating: 7, count: 256 << 10)
    let start = ContinuousClock.now
    let file = try FileDescriptor.open(
      path, .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
    var left = byteCount
    while left > 0 {
      try file.writeAll(block.prefix(left))
      left -= min(left, block.count)
    }
    let written = ContinuousClock.now - start
    guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
    print("\(byteCount) bytes written: \(written); synchronized: \(ContinuousClock.now - start)")
    try file.close()
  }

  /// Has the system forget what it knows of the log's files.
  static func makeCold(_ path: FilePath) throws {
    #if !canImport(Darwin)
      for name in ["entries", "index"] {
        let file = try FileDescriptor.open(path.appending(name), .readOnly)
        _ = posix_fadvise(file.rawValue, 0, 0, POSIX_FADV_DONTNEED)
        try file.close()
      }
    #endif
  }

  static func view(_ path: FilePath) throws {
    try makeCold(path)
    for state in ["cold", "warm"] {
      let start = ContinuousClock.now
      let log = try Log(path, LogOptions(isReadOnly: true))
      let view = LogView(try log.snapshot())
      try view.expand(EntryID(0))
      _ = try view.rows(in: 0..<50)
      print("opened and 50 rows read, \(state): \(ContinuousClock.now - start)")
    }
    let log = try Log(path, LogOptions(isReadOnly: true))
    let view = LogView(try log.snapshot())
    try view.expand(EntryID(0))
    let rounds = 2000
    var random = SystemRandomNumberGenerator()
    for name in ["the first level", "everything"] {
      if name == "everything" { view.expandAll() }
      let count = try view.rowCount
      let places = (0..<rounds).map { _ in Int.random(in: 0..<count - 20, using: &random) }
      for state in ["cold", "warm"] {
        if state == "cold" { try makeCold(path) }
        let times = try measure(places) { _ = try view.rows(in: $0..<$0 + 20) }
        print("\(name) expanded, \(count) rows; 20 rows at a random one, \(state): \(times)")
      }
      try print("an entry's row: \(measure(places) { _ = try view.row(of: EntryID(UInt32($0))) })")
    }
    view.collapseAll()
    try print(
      "toggling the first entry: \(measure(Array(0..<99)) { _ in try view.toggle(EntryID(0)) })")
    view.collapseAll()
    let count = view.snapshot.count
    let ids = (0..<rounds).map { _ in UInt32.random(in: 0..<UInt32(count), using: &random) }
    for state in ["cold", "warm"] {
      view.collapseAll()
      if state == "cold" { try makeCold(path) }
      try print("revealing an entry, \(state): \(measure(ids) { try view.reveal(EntryID($0)) })")
    }
    let state = try view.state
    for state in ["cold", "warm"] {
      if state == "cold" { try makeCold(path) }
      let times = try measure(ids) { id in
        let row = Int(id) % 900_000
        _ = try view.rows(in: row..<row + 20)
      }
      print("20 rows then, \(state): \(times)")
    }
    print("entries expanded then: \(state.toggled.count)")
    try print("to depth 2: \(measure([0]) { _ in try view.expandAll(toDepth: 2) })")
    try print(
      "only errors: \(measure([0]) { _ in try view.filter(.error) }), \(view.rowCount) rows")
  }

  /// The median and the longest of several calls.
  static func measure<Value>(_ values: [Value], _ body: (Value) throws -> Void) throws -> String {
    let clock = ContinuousClock()
    let times = try values.map { value in try clock.measure { try body(value) } }.sorted()
    return "median \(times[times.count / 2]), longest \(times[times.count - 1])"
  }

  static func size(_ path: FilePath) throws -> Int64 {
    let file = try FileDescriptor.open(path, .readOnly)
    defer { try? file.close() }
    return try file.seek(offset: 0, from: .end)
  }

  static func rate(_ count: Int, _ duration: Duration) -> Double {
    (Double(count) / (duration / .seconds(1)) / 10_000).rounded() / 100
  }

  static func peakMemory() -> Int {
    var usage = rusage()
    #if canImport(Darwin)
      getrusage(RUSAGE_SELF, &usage)
      return usage.ru_maxrss
    #else
      getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
      return usage.ru_maxrss << 10
    #endif
  }
}
