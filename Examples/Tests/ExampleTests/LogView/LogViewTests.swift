import Foundation
import Testing

@Suite struct LogViewTests {
  private let scratch: Scratch
  private let program: Program

  init() throws {
    scratch = try Scratch()
    var program = Program(folder: scratch.path)
    program.executable = Program.logview
    self.program = program
  }

  private func expect(_ arguments: String...) throws -> Program.Run {
    let run = try program.run(arguments)
    #expect(run.errors == "")
    try #require(run.status == 0)
    return run
  }

  private func refuse(_ arguments: String..., saying text: String) throws {
    let run = try program.run(arguments)
    #expect(run.status == 1)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains(text), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1)
  }

  private func ids(_ run: Program.Run) throws -> [Int] {
    try run.jsonLines().map { try #require($0["id"] as? Int) }
  }

  @Test func rowsFoldAndUnfold() throws {
    _ = try expect("generate", "log", "--children", "300", "--steps", "3")
    #expect(try ids(expect("rows", "log", "0", "9", "--json")) == [0])
    let rows = try expect("rows", "log", "6", "3", "--expand", "0", "5", "--json").jsonLines()
    #expect(rows.map { $0["id"] as? Int } == [9, 13, 17])
    #expect(
      try ids(expect("rows", "log", "2", "3", "--expand", "0", "5", "--json")) == [5, 6, 7])
    let row = rows[0]
    #expect(
      Set(row.keys) == [
        "row", "id", "parent", "depth", "children", "expanded", "severity", "time", "text",
      ])
    #expect(row["row"] as? Int == 6)
    #expect(row["parent"] as? Int == 0)
    #expect(row["depth"] as? Int == 1)
    #expect(row["children"] as? Int == 3)
    #expect(row["expanded"] as? Bool == false)
    let first = try expect("rows", "log", "0", "1", "--json").jsonLines()
    #expect(first[0]["parent"] is NSNull)
    #expect(
      try ids(expect("rows", "log", "0", "9999", "--expand", "all", "--json")) == Array(0..<1201))
    let depth = try ids(expect("rows", "log", "0", "9999", "--expand", "depth", "1", "--json"))
    #expect(depth == [0] + (0..<300).map { 1 + 4 * $0 })
    let collapsed = try expect(
      "rows", "log", "0", "3", "--expand", "all", "--collapse", "1", "--json")
    #expect(try ids(collapsed) == [0, 1, 5])
  }

  @Test func rowsOfEntriesAndOfSeverities() throws {
    _ = try expect("generate", "log", "--children", "500", "--steps", "4", "--open", "3")
    #expect(try expect("row", "log", "0").text == "0\n")
    let all = try expect("rows", "log", "0", "9999", "--expand", "all", "--json").jsonLines()
    #expect(all.count == 2501)
    for row in [1, 700, 2500] {
      let id = try #require(all[row]["id"] as? Int)
      #expect(try expect("row", "log", "\(id)", "--expand", "all").text == "\(row)\n")
    }
    try refuse("row", "log", "3", saying: "entry 3 has no row")
    let severe = try expect(
      "rows", "log", "0", "99", "--expand", "all", "--severity", "warning", "--json"
    ).jsonLines()
    // Two warnings, their parents, and the log's one entry without parent.
    #expect(severe.count == 5)
    #expect(
      severe.filter { $0["depth"] as? Int == 2 }.map { $0["severity"] as? String } == [
        "warning", "warning",
      ])
    // As a program puts it out that reads all rows itself.
    let exported = try expect("export", "log", "--json").jsonLines()
    #expect(exported.map { $0["id"] as? Int } == all.map { $0["id"] as? Int })
  }

  @Test func aLogIsCountedAndVerified() throws {
    _ = try expect("generate", "log", "--children", "50", "--steps", "2")
    let statistics = try expect("stats", "log", "--json").json()
    #expect(statistics["entries"] as? Int == 151)
    #expect(statistics["openEntries"] as? Int == 0)
    #expect(statistics["roots"] as? Int == 1)
    #expect(try expect("stats", "log").lines.first == "151 entries")
    #expect(try expect("verify", "log").text == "151 entries are sound\n")
    // A lost index is made again; damage is found.
    try FileManager.default.removeItem(atPath: scratch["log/index"])
    #expect(FileManager.default.createFile(atPath: scratch["log/index"], contents: nil))
    #expect(try expect("verify", "log").text == "151 entries are sound\n")
    var entries = try Data(contentsOf: URL(filePath: scratch["log/entries"]))
    entries[entries.count / 2] ^= 4
    try entries.write(to: URL(filePath: scratch["log/entries"]))
    let run = try program.run(["verify", "log"])
    #expect(run.status == 1)
    #expect(run.errors.contains("damaged"))
  }

  @Test func whatCannotBeIsRefused() throws {
    _ = try expect("generate", "log", "--children", "1")
    try refuse("generate", "log", saying: "is there already")
    try refuse("rows", "log", "0", "1", "--expand", "everything", saying: "everything")
    try refuse("rows", "log", "-1", "1", saying: "see logview --help")
    try refuse("row", "log", "99", saying: "no entry 99")
    try refuse("stats", "nothing", saying: "cannot open")
  }
}
