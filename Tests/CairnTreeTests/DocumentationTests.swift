import CairnCore
import CairnTree
import Foundation
import SystemPackage
import Testing

/// The programs of CairnTree.md, line by line.
@Suite struct DocumentationTests {
  private func firstProgram(_ file: FilePath) throws {
    let store = try TreeStore(file)

    let writing = try store.beginWriting()
    let scores = try writing.tree("scores", creating: TreeOptions(for: UInt64.self, UInt64.self))
      .typed(UInt64.self, UInt64.self)
    for player in UInt64(1)...1000 { try scores.put(player * 7919 % 1009, player) }
    try writing.commit(.checkpoint)

    let reading = try store.beginReading()
    let ranking = try reading.tree("scores").typed(UInt64.self, UInt64.self)
    let place = try ranking.rank(of: 500)
    let median = try ranking.entry(at: ranking.count / 2)
    var page: [UInt64] = []
    try ranking.forEach(in: 700..<720) { score, player in
      page.append(player)
      return true
    }
    #expect(place > 480 && place <= 500 && median?.key ?? 0 > 480)
    #expect(page.count == 20)
  }

  @Test func firstProgramWorks() throws {
    let path = FilePath(NSTemporaryDirectory()).appending("cairn-tree-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    try firstProgram(path)
  }

  typealias Event = TreePair<String, TreeTime>

  @Test func typesCursorsAndStreams() throws {
    let store = try TreeStore(on: MemoryStorage())
    let writing = try store.beginWriting()
    let events = try writing.tree("events", creating: TreeOptions(for: Event.self, String?.self))
      .typed(Event.self, String?.self)
    for second in Int64(0)..<100 {
      let time = TreeTime(nanoseconds: second * 1_000_000_000)
      try events.put(Event(second % 2 == 0 ? "ann" : "bob", time), second % 10 == 0 ? "note" : nil)
    }
    let start = TreeTime(nanoseconds: 20_000_000_000)
    let ofAnn = try events.count(keys: Event("ann", start)..<Event("bob", TreeTime(nanoseconds: 0)))
    let last = try events.floor(Event("bob", TreeTime(nanoseconds: .max)))
    try events.remove(keys: ...Event("ann", start))
    try writing.commit()
    #expect(ofAnn == 40 && last?.key.second.nanoseconds == 99_000_000_000)

    let reading = try store.beginReading()
    let rows = try reading.tree("events").typed(Event.self, String?.self)
    let cursor = rows.makeCursor()
    try cursor.move(before: Event("bob", TreeTime(nanoseconds: 0)))
    var window: [Int] = []
    while window.count < 20, let (event, _) = try cursor.nextEntry() {
      window.append(Int(event.second.nanoseconds / 1_000_000_000))
    }
    #expect(window == stride(from: 1, to: 41, by: 2).map(\.self))
    for row in try rows.sequence(keys: Event("bob", start)...).reversed() {
      let (event, note) = try row.get()
      window.append(note == nil ? 0 : event.first.count)
    }
    #expect(window.count == 60)

    let files = try store.beginWriting()
    let contents = try files.tree("files", creating: TreeOptions()).typed(String.self, [UInt8].self)
    var input = MemoryReader([UInt8](repeating: 7, count: 1_000_000))
    try contents.put("seven", from: &input)
    var value = try contents.valueReader(for: "seven")
    value?.position = 999_000
    try files.commit(.checkpoint)
    #expect(value?.byteCount == 1_000_000)
  }

  @Test func otherProcesses() throws {
    let folder = try TemporaryFolder()
    let file = folder.file
    let store = try TreeStore(file, TreeStoreOptions(publishesToAll: true))
    let writing = try store.beginWriting()
    _ = try writing.tree("scores", creating: TreeOptions())
    try writing.commit(.publish)
    let other = try TreeStore(file, TreeStoreOptions(isReadOnly: true))
    let reading = try other.beginReading()
    #expect(try reading.treeNames == ["scores"])
  }

  @Test func theProgramsAreThoseThatAreTested() throws {
    let here = URL(filePath: #filePath)
    let page = here.deletingLastPathComponent().appending(
      path: "../../Sources/CairnTree/CairnTree.docc/CairnTree.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let tested = try String(contentsOf: here, encoding: .utf8)
      .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    let programs = text.components(separatedBy: "```swift\n").dropFirst()
      .compactMap { $0.components(separatedBy: "```").first }
    #expect(programs.count == 5)
    let lines = programs.flatMap { $0.split(separator: "\n") }
      .map { $0.trimmingCharacters(in: .whitespaces) }
      .map { $0.replacingOccurrences(of: "\"/tmp/scores.trees\"", with: "file") }
      .filter { !$0.hasPrefix("//") }
    #expect(lines.count > 40)
    #expect(lines.filter { !tested.contains($0) } == [])
  }
}
