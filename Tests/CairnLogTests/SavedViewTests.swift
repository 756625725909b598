import CairnCore
import CairnTree
import Foundation
import SystemPackage
import Testing

@testable import CairnLog

@Suite struct SavedViewTests {
  private let folder: FilePath
  private let views: SavedViews

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "cairn-views-\(UUID())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    folder = FilePath(url.path)
    views = SavedViews(of: folder)
  }

  private func clean() { try? FileManager.default.removeItem(atPath: folder.string) }

  private func logInMemory() throws -> Log {
    try Log(
      entries: MemoryStorage(), index: MemoryStorage(), LogOptions(flushInterval: nil))
  }

  private func code(_ body: () throws -> Void) -> LogError.Code? {
    #expect(throws: LogError.self) { try body() }?.code
  }

  private func file(_ name: String) -> URL { URL(filePath: folder.string + "/views/" + name) }

  /// Names and rows, as a person sees them.
  private func rows(_ view: LogView) throws -> [String] {
    try view.rows(in: 0..<1000).map { "\($0.entry.id) \($0.depth) \($0.isExpanded)" }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func aViewComesBackOnALogThatHasGrown(seed: UInt64) throws {
    defer { clean() }
    var pair = LogPair(seed: seed, isDeep: false)
    var random = SeededRandom(seed)
    let log = try logInMemory()
    for _ in 0..<300 { try pair.change(log) }
    try log.flush()
    let view = LogView(try log.snapshot())
    switch random.next() % 3 {
    case 0: view.expandAll()
    case 1: try view.expandAll(toDepth: 2)
    default: break
    }
    for _ in 0..<20 {
      try view.toggle(EntryID(UInt32(random.next() % UInt64(view.snapshot.count))))
    }
    if random.next() % 2 == 0 { try view.filter(.warning) }
    let position = EntryID(UInt32(random.next() % UInt64(view.snapshot.count)))
    try views.save(view, position: position, as: "mine")

    let same = try views.view(named: "mine", of: view.snapshot)
    let told = SavedView(
      try view.state, position: position, entryCount: view.snapshot.count)
    #expect(same == told, "seed \(seed)")
    for _ in 0..<200 { try pair.change(log) }
    try log.flush()
    let later = try log.snapshot()
    let saved = try views.view(named: "mine", of: later)
    let loaded = try LogView(later, saved)
    // As the view that has followed the log all the time.
    _ = try view.update(to: log.snapshot())
    #expect(try rows(loaded) == rows(view), "seed \(seed)")
    // As small as what it was told.
    let size = try Data(contentsOf: file("mine.view")).count
    #expect(size <= 32 + 64 + 5 * saved.state.toggled.count, "seed \(seed)")
  }

  @Test func namesAreAnyText() throws {
    defer { clean() }
    let log = try logInMemory()
    let run = try log.open("run")
    try log.append("step", under: run)
    try log.flush()
    let view = LogView(try log.snapshot())
    #expect(try views.names() == [])
    let names = ["a", "A", "../x", "å/ß", "%41", ".", String(repeating: "Z", count: 64)]
    for (number, name) in names.enumerated() {
      try view.toggle(run)
      try views.save(view, position: EntryID(UInt32(number % 2)), as: name)
    }
    let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    #expect(try views.names() == sorted)
    for (number, name) in names.enumerated() {
      let saved = try views.view(named: name, of: log.snapshot())
      #expect(saved.position == EntryID(UInt32(number % 2)))
      #expect(saved.state.toggled == (number % 2 == 0 ? [run] : []))
    }
    // Nothing beside the folder.
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.string) == ["views"])
    #expect(code { try views.save(view, as: "") } == .invalid)
    #expect(code { try views.save(view, as: String(repeating: "Z", count: 65)) } == .invalid)
    // What is there of others is no view.
    for other in ["note.txt", "A.view", "%4.view", "%61.view", ".view", ".a.view.x.tmp"] {
      try Data([1]).write(to: file(other))
    }
    #expect(try views.names() == sorted)
    try views.remove("A")
    try views.remove("A")
    #expect(code { _ = try views.view(named: "A", of: log.snapshot()) } == .notFound)
    #expect(try views.names() == sorted.filter { $0 != "A" })
  }

  @Test func aViewOfAnotherLogIsRefused() throws {
    defer { clean() }
    let (first, second) = (try logInMemory(), try logInMemory())
    try first.append("x")
    try first.flush()
    let view = LogView(try first.snapshot())
    try views.save(view, position: EntryID(0), as: "mine")
    #expect(code { _ = try views.view(named: "mine", of: second.snapshot()) } == .otherLog)
    // Another may take its place.
    try views.save(LogView(second.snapshot()), as: "mine")
    #expect(try views.view(named: "mine", of: second.snapshot()).position == nil)
  }

  @Test func damageIsAnError() throws {
    defer { clean() }
    let log = try logInMemory()
    var parents: [EntryID] = []
    for number in 0..<40 { parents.append(try log.open("\(number)", .warning)) }
    try log.flush()
    let view = LogView(try log.snapshot())
    for parent in parents where parent.number % 3 == 1 { try view.toggle(parent) }
    try view.filter(.warning)
    try views.save(view, position: parents[7], as: "mine")
    let sound = try Data(contentsOf: file("mine.view"))
    func load(_ data: Data) throws -> SavedView {
      try data.write(to: file("mine.view"))
      return try views.view(named: "mine", of: log.snapshot())
    }
    #expect(try load(sound).state == view.state)
    for bit in 0..<(sound.count * 8) {
      var damaged = sound
      damaged[bit / 8] ^= 1 << (bit % 8)
      let isVersion = (16..<20).contains(bit / 8)
      #expect(code { _ = try load(damaged) } == (isVersion ? .newerFormat : .damaged), "\(bit)")
    }
    for count in 0..<sound.count {
      #expect(code { _ = try load(sound.prefix(count)) } == .damaged, "\(count) bytes")
    }
    #expect(code { _ = try load(sound + Data(count: 32)) } == .damaged)
    // A fresh one takes its place.
    try views.save(LogView(log.snapshot()), as: "mine")
    #expect(try views.view(named: "mine", of: log.snapshot()).state == LogViewState())
  }

  /// Bytes with a right checksum whose content was not made by us.
  @Test func contentThatDoesNotFollowTheFormatIsAnError() throws {
    defer { clean() }
    let log = try logInMemory()
    try log.append("x")
    try log.flush()
    let identity = try log.snapshot().header.identity
    func load(_ content: [UInt8], length: Int? = nil) -> LogError.Code? {
      var bytes = SavedView(LogViewState(), entryCount: 0).encoded(identity)
      bytes.replaceSubrange(20..<24, with: [UInt8(length ?? content.count), 0, 0, 0])
      bytes.replaceSubrange(32..., with: content)
      bytes += Array(repeating: 0, count: (32 - bytes.count % 32) % 32)
      let checksum = bytes.withRawBytes { BlockChecksum.of($0.baseAddress!, $0.count, seed: 0) }
      withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
      do throws(LogError) {
        _ = try SavedView(bytes, of: identity, "the view")
        return nil
      } catch {
        return error.code
      }
    }
    let large: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]
    #expect(load([0, 1, 0]) == nil)
    #expect(load([0, 1, 2, 0, 1]) == nil)
    #expect(load([16, 1, 0]) == .damaged)  // an unknown part
    #expect(load([4, 7, 1, 0]) == .damaged)  // no such severity
    #expect(load([0, 1]) == .damaged)
    #expect(load([0, 1, 3, 0, 1]) == .damaged)  // three entries, of which two are there
    #expect(load([0, 1] + large) == .damaged)  // as many as there cannot be
    #expect(load([8] + large + [1, 0]) == .damaged)  // the id that no entry has
    #expect(load([0, 1, 1] + large) == .damaged)
    #expect(load([0, 1, 2, 0xFE, 0xFF, 0xFF, 0xFF, 0x0F, 0]) == .damaged)  // behind the last id
    #expect(load([0, 1, 0, 0]) == .damaged)  // more than it says
    #expect(load([0, 1, 0], length: 40) == .damaged)
  }

  @Test func whatIsNoFileIsAnError() throws {
    defer { clean() }
    let log = try logInMemory()
    try log.append("x")
    try log.flush()
    try views.save(LogView(log.snapshot()), as: "mine")
    try FileManager.default.removeItem(at: file("mine.view"))
    #expect(mkfifo(file("mine.view").path, 0o600) == 0)
    #expect(code { _ = try views.view(named: "mine", of: log.snapshot()) } == .storage)
    #expect(code { try views.save(LogView(log.snapshot()), as: "mine") } == .storage)
  }

  /// A file that version 1 has written, for a log with the identity 0x0123456789ABCDEF.
  @Test func yesterdaysFileIsRead() throws {
    defer { clean() }
    let golden = try #require(
      Bundle.module.url(forResource: "Golden/version1.view", withExtension: nil))
    let bytes = [UInt8](try Data(contentsOf: golden))
    var state = LogViewState()
    state.expandsByDefault = true
    state.depth = 3
    state.minimumSeverity = .error
    state.toggled = [0, 1, 7, 300, 4_294_967_294].map { EntryID($0) }
    let expected = SavedView(state, position: EntryID(70_000), entryCount: 300_000)
    #expect(try SavedView(bytes, of: 0x0123_4567_89AB_CDEF, "the file") == expected)
    #expect(expected.encoded(0x0123_4567_89AB_CDEF) == bytes)
    var newer = bytes
    newer[16] = 2
    #expect(
      code { _ = try SavedView(newer, of: 0x0123_4567_89AB_CDEF, "the file") } == .newerFormat)
  }
}
