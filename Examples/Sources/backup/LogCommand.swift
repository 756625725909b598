import ArgumentParser
import Cairn
import CommandSupport

struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Show what the runs of this machine did.",
    discussion: """
      Lists the runs of create, restore and verify, the oldest first; with RUN, the number at the \
      beginning of its line, or with --last, what one of them did: the files that it read under their \
      folders, and what went wrong.

      The log is kept in CAIRN_STATE, or else in ~/.local/state/cairn, and is of this machine only; \
      logview view opens it. When it is larger than 256 MiB it is set aside \
      as runs.old, and another one begun.

      With --json, there is a document per line: id, parent (null for a run), depth, severity, time \
      (nanoseconds since 1970), text, fields, and, of what has ended, result and seconds.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Argument(help: "The number of a run.")
  var run: UInt32?

  @Flag(help: "Show the last run.")
  var last = false

  func validate() throws {
    guard run == nil || !last else {
      throw ValidationError("--last names a run; leave out the number.")
    }
  }

  func run() async throws {
    let store = try await repository.openWriter()
    let path = RunLog.path(in: try LocalState(of: store))
    guard path.exists else {
      throw Failure("no run of this machine on this repository was logged; \(path) is not there")
    }
    let snapshot = try Log(path, LogOptions(isReadOnly: true)).snapshot()
    let output = Output()
    if let id = try chosen(snapshot) {
      try write(id, of: snapshot, to: output)
    } else {
      for ordinal in 0..<(try snapshot.childCount(of: nil)) {
        let id = try snapshot.child(ordinal, of: nil)
        try output.checkReader()
        try write(snapshot.entry(id), depth: 0, to: output)
      }
    }
    if !repository.output.json { try output.writeLine("the log is \(path)") }
    try output.flush()
  }

  private func chosen(_ snapshot: LogSnapshot) throws -> EntryID? {
    if let run {
      guard Int(run) < snapshot.count, try snapshot.parent(of: EntryID(run)) == nil else {
        throw Failure("there is no run \(run) in the log; \"backup log\" without it lists the runs")
      }
      return EntryID(run)
    }
    guard last else { return nil }
    let count = try snapshot.childCount(of: nil)
    guard count > 0 else { throw Failure("the log has no run") }
    return try snapshot.child(count - 1, of: nil)
  }

  /// Writes a run and all under it.
  private func write(_ run: EntryID, of snapshot: LogSnapshot, to output: Output) throws {
    let view = LogView(snapshot)
    view.expandAll()
    guard let row = try view.row(of: run) else { return }
    var failure: (any Error)?
    try view.forEachRow(in: row..<row + snapshot.subtreeCount(of: run)) { row in
      do {
        try output.checkReader()
        try write(row.entry, depth: row.depth, to: output)
      } catch {
        failure = error
      }
      return failure == nil
    }
    if let failure { throw failure }
  }

  private func write(_ entry: LogEntry, depth: Int, to output: Output) throws {
    if repository.output.json {
      return try output.write(json: LogEntryDocument(entry: entry, depth: depth))
    }
    // A deep entry must not fill the line with its indentation.
    let deepest = 40
    var line = depth == 0 ? "\(entry.id)  " : ""
    line += Formatting.localTime(entry.time) + "  "
    line += Formatting.left(entry.severity.description, 8)
    line += String(repeating: "  ", count: min(depth, deepest)) + Formatting.oneLine(entry.text)
    for case (let name, .integer(let number)) in entry.fields.map({ ($0.name, $0.value) }) {
      line += name == "size" ? ", \(Formatting.bytes(max(0, number)))" : ""
    }
    if depth == 0 {
      line += ": "
      line += Formatting.oneLine(entry.result?.text ?? (entry.isOpen ? "not ended" : "ended"))
      if let duration = entry.duration {
        line += ", in \(Formatting.duration(Double(duration) / 1e9))"
      }
    }
    try output.writeLine(line)
  }
}

/// An entry of the log of runs.
private struct LogEntryDocument: Encodable {
  let entry: LogEntry
  let depth: Int

  private enum Key: String, CodingKey {
    case id, parent, depth, severity, time, text, fields, result, seconds
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(entry.id, forKey: .id)
    try container.encode(entry.parent, forKey: .parent)
    try container.encode(depth, forKey: .depth)
    try container.encode(entry.severity, forKey: .severity)
    try container.encode(entry.time, forKey: .time)
    try container.encode(entry.text, forKey: .text)
    var fields: [String: Int64] = [:]
    for field in entry.fields {
      if case .integer(let number) = field.value { fields[field.name] = number }
    }
    try container.encode(fields, forKey: .fields)
    try container.encodeIfPresent(entry.result?.text, forKey: .result)
    try container.encodeIfPresent(entry.duration.map { Double($0) / 1e9 }, forKey: .seconds)
  }
}
