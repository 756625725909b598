import CairnLog
import Foundation
import SystemPackage
import Testing

/// The programs of CairnLog.md, line by line.
@Suite struct DocumentationTests {
  private func firstProgram(_ path: FilePath) throws {
    let log = try Log(path)
    let run = try log.open("Backup of /home")
    let file = try log.open("photo.jpg", under: run)
    try log.append("read 3 blocks", .debug, under: file, fields: [LogField("bytes", 196_608)])
    try log.append("the last block cannot be read", .error, under: file)
    try log.close(file, result: "left out")
    try log.setText("Backup of /home, 1 file", of: run)
    try log.flush()

    // What is shown: at first the entries without parent.
    let view = LogView(try log.snapshot())
    try view.expand(run)
    var lines: [String] = []
    for row in try view.rows(in: 0..<20) {
      let indentation = String(repeating: "  ", count: row.depth)
      let mark = row.childCount == 0 ? " " : row.isExpanded ? "-" : "+"
      lines.append("\(indentation)\(mark) \(row.entry.severity) \(row.entry.text)")
    }
    #expect(lines == ["- info Backup of /home, 1 file", "  + error photo.jpg"])

    // The next thing to worry about, wherever it is.
    if let worst = try view.snapshot.nextEntry(after: nil, severity: .error) {
      #expect(try view.reveal(worst).row == 3)
    }

    // Later: rows that have appeared.
    let update = try view.update(to: log.snapshot())
    #expect(update.insertions == [])
  }

  private func reader(_ path: FilePath) throws {
    let log = try Log(path, LogOptions(isReadOnly: true))
    let view = LogView(try log.snapshot())
    // Each time that somebody looks:
    let update = try view.update(to: log.snapshot())
    #expect(update.touched == [EntryID(0)])
  }

  private func runs(_ path: FilePath) throws {
    let runs = try LogRuns(path)
    let log = try runs.start()
    try log.append("begun")
    try log.finish()
    try runs.prune(keep: 30, maxBytes: 1 << 30, maxAge: .seconds(90 * 86_400))
    for run in try runs.list() {
      _ = try runs.open(run.number).snapshot().count
    }
    #expect(try runs.list().count == 1)
  }

  @Test func theProgramsWork() throws {
    let path = FilePath(NSTemporaryDirectory()).appending("cairn-log-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      atPath: path.string, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    try firstProgram(path.appending("log"))
    try reader(path.appending("log"))
    try runs(path.appending("runs"))
  }
}
