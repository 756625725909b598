import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Show what the runs of this machine did.",
    discussion: """
      Lists the runs of create, restore and verify, the oldest first; with --run, the number at the \
      beginning of its line, or with --last, what one of them did: the files that it read under their \
      folders, and what went wrong.

      Each run has a log of its own, which logview view opens. They are kept in CAIRN_STATE, or else in \
      ~/.local/state/cairn, and are of this machine only. A run that begins removes the oldest when \
      there are more than 366, when they are more than a year old, or when all take more than 256 MiB.

      With --json, there is a document per line: run (its number), id, parent (null for the run itself), \
      depth, severity, time (nanoseconds since 1970), text, fields, and, of what has ended, result and \
      seconds; of a run also state: running, ended, or interrupted.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Option(help: ArgumentHelp("Show what the run of this number did.", valueName: "number"))
  var run: Int?

  @Flag(help: "Show what the last run did.")
  var last = false

  func validate() throws {
    guard run == nil || !last else {
      throw ValidationError("--last names a run; leave out --run.")
    }
  }

  func run() async throws {
    let store = try await repository.openWriter()
    let path = RunLog.path(in: try LocalState(of: store))
    guard path.exists else {
      throw Failure("no run of this machine on this repository was logged; \(path) is not there")
    }
    let runs = try LogRuns(path)
    let output = Output()
    if run != nil || last {
      let logged = try chosen(runs)
      try write(logged, to: output)
      if !repository.output.json {
        try output.writeLine("the log is \(runs.path(of: logged.number))")
      }
    } else {
      for run in try runs.list().reversed() {
        try output.checkReader()
        guard let logged = try readable(run, runs) else { continue }
        try write(logged.entry, depth: 0, of: logged, to: output)
      }
      if !repository.output.json { try output.writeLine("the logs are in \(path)") }
    }
    try output.flush()
  }

  /// One that cannot be read does not hide the others.
  private func readable(_ run: LogRun, _ runs: LogRuns) throws -> LoggedRun? {
    do throws(LogError) {
      return try LoggedRun(run, of: runs)
    } catch {
      if error.code != .notFound { printError("run \(run.number) cannot be read: \(error)") }
      return nil
    }
  }

  private func chosen(_ runs: LogRuns) throws -> LoggedRun {
    for known in try runs.list() where run == nil || known.number == run {
      if let logged = try LoggedRun(known, of: runs) { return logged }
    }
    guard let run else { throw Failure("no run was logged") }
    throw Failure("there is no run \(run) in the log; \"backup log\" without it lists the runs")
  }

  /// Writes a run and all under it.
  private func write(_ run: LoggedRun, to output: Output) throws {
    let view = LogView(run.snapshot)
    view.expandAll()
    var failure: (any Error)?
    try view.forEachRow(in: 0..<view.rowCount) { row in
      do {
        try output.checkReader()
        try write(row.entry, depth: row.depth, of: run, to: output)
      } catch {
        failure = error
      }
      return failure == nil
    }
    if let failure { throw failure }
  }

  private func write(
    _ entry: LogEntry, depth: Int, of run: LoggedRun, to output: Output
  ) throws {
    let state = depth == 0 ? run.state : nil
    let severity = state == .interrupted ? max(entry.severity, .warning) : entry.severity
    if repository.output.json {
      return try output.write(
        json: LogEntryDocument(
          run: run.number, state: state, severity: severity, entry: entry, depth: depth))
    }
    // A deep entry must not fill the line with its indentation.
    let deepest = 40
    var line = depth == 0 ? "\(run.number)  " : ""
    line += Formatting.localTime(entry.time) + "  "
    line += Formatting.left(severity.description, 8)
    line += String(repeating: "  ", count: min(depth, deepest)) + Formatting.oneLine(entry.text)
    for case (let name, .integer(let number)) in entry.fields.map({ ($0.name, $0.value) }) {
      line += name == "size" ? ", \(Formatting.bytes(max(0, number)))" : ""
    }
    if let state {
      line += ": "
      switch state {
      case .running: line += "still running"
      case .interrupted: line += "the process ended before that was done"
      case .ended: line += Formatting.oneLine(entry.result?.text ?? "ended")
      }
      if let duration = entry.duration {
        line += ", in \(Formatting.duration(Double(duration) / 1e9))"
      }
    }
    try output.writeLine(line)
  }
}

/// A run as its log shows it.
private struct LoggedRun {
  enum State: String {
    case running, ended, interrupted
  }

  let number: Int
  let snapshot: LogSnapshot
  /// The run itself, under which is what it did.
  let entry: LogEntry
  let state: State

  /// - Returns: `nil` if nothing was logged, which is so for a moment when a run begins.
  init?(_ run: LogRun, of runs: LogRuns) throws(LogError) {
    number = run.number
    snapshot = try runs.open(run.number).snapshot()
    guard snapshot.count > 0 else { return nil }
    entry = try snapshot.entry(EntryID(0))
    state = !entry.isOpen ? .ended : run.isBeingWritten ? .running : .interrupted
  }
}

/// An entry of a run's log.
private struct LogEntryDocument: Encodable {
  let run: Int
  let state: LoggedRun.State?
  let severity: Severity
  let entry: LogEntry
  let depth: Int

  private enum Key: String, CodingKey {
    case run, state, id, parent, depth, severity, time, text, fields, result, seconds
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(run, forKey: .run)
    try container.encodeIfPresent(state?.rawValue, forKey: .state)
    try container.encode(entry.id, forKey: .id)
    try container.encode(entry.parent, forKey: .parent)
    try container.encode(depth, forKey: .depth)
    try container.encode(severity, forKey: .severity)
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
