import ArgumentParser
import CairnCore
import CairnTree
import CommandSupport
import FoundationSupport
import SystemPackage

struct LoadCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "load",
    abstract: "Add lines to an index, which is created if need be.",
    discussion: """
      Lines are byte strings without the line feed that ends them; a carriage return in front of it is \
      part of the line. A line that is there already stays one line.

      A line has weight 1; one that is there keeps its weight. With --weighted, a line is preceded by \
      its weight, a whole number, and a tab; one that is there gets the new weight.

      Lines of more than 1024 bytes, and with --weighted those without a weight, are named and not \
      loaded; the exit status is then 1.
      """)

  @OptionGroup var index: IndexOptions

  @Argument(help: "The file with the lines, or \"-\" for standard input.")
  var file: ArgumentBytes = ArgumentBytes("-".utf8)

  @Flag(help: "Take a weight from the beginning of each line.")
  var weighted = false

  private static let lineLimit = 1024
  /// A weight of 20 digits and a tab.
  private static let weightLimit = 21
  /// More than anybody reads.
  private static let mostNamed = 100

  private struct Report: Encodable {
    /// The lines that were read.
    var lines = 0
    var added = 0
    var refused = 0
    /// The lines of the index now.
    var entries = 0
  }

  func run() throws {
    let isInput = file.bytes == Array("-".utf8)
    // Before an index is created.
    let descriptor = try isInput ? .standardInput : open(file.path)
    defer { if !isInput { try? descriptor.close() } }
    let name = isInput ? "the standard input" : file.text
    var report = Report()
    try index.change { tree in
      try load(
        LineReader(descriptor, name: name, limit: Self.lineLimit + Self.weightLimit), into: tree,
        &report)
      report.entries = try tree.count
    }
    try print(report)
    try (report.refused == 0 ? ExitStatus.done : .incomplete).end()
  }

  private func open(_ path: FilePath) throws -> FileDescriptor {
    do {
      return try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
    } catch {
      throw Failure("cannot open \(file.text): \(error)")
    }
  }

  private func load(
    _ reader: LineReader, into tree: WritableTree, _ report: inout Report
  ) throws {
    var reader = reader
    var batch = LineBatch()
    let progress = ProgressLine.reporter("loading")
    try reader.forEach { line, number in
      report.lines = number
      do throws(Refusal) {
        let (weight, content) = try parse(line)
        batch.append(content, weight: weight, number: number)
      } catch {
        refuse(number, error.reason, &report)
      }
      if batch.isFull { try store(&batch, in: tree, &report) }
    } tick: { bytes, lines in
      try progress.report(
        Progress(phase: "load", unit: "lines", completed: Int64(lines), bytes: Int64(bytes)))
    }
    try store(&batch, in: tree, &report)
  }

  private func store(
    _ batch: inout LineBatch, in tree: WritableTree, _ report: inout Report
  ) throws {
    let nothing: [UInt8] = []
    try batch.drain { key, line in
      do throws(TreeError) {
        let isNew =
          weighted
          ? try !tree.put(key, nothing.span.bytes, weight: line.weight)
          : try tree.insert(key, nothing.span.bytes, weight: line.weight)
        if isNew { report.added += 1 }
      } catch {
        // All weights together are too large; the others may go on.
        guard error.code == .invalid else { throw error }
        refuse(line.number, error.description, &report)
      }
    }
  }

  private struct Refusal: Error {
    let reason: String
  }

  private func parse(
    _ line: UnsafeRawBufferPointer
  ) throws(Refusal) -> (UInt64, UnsafeRawBufferPointer) {
    var (weight, content) = (UInt64(1), line)
    if weighted {
      guard let tab = line.prefix(Self.weightLimit).firstIndex(of: UInt8(ascii: "\t")),
        line[..<tab].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
        let number = UInt64(String(decoding: line[..<tab], as: UTF8.self))
      else { throw Refusal(reason: "it does not begin with a weight below 2^64 and a tab") }
      weight = number
      content = UnsafeRawBufferPointer(rebasing: line[(tab + 1)...])
    }
    guard content.count <= Self.lineLimit else {
      let start = String(decoding: content.prefix(20), as: UTF8.self)
      throw Refusal(reason: "it has more than \(Self.lineLimit) bytes: \(start)…")
    }
    return (weight, content)
  }

  private func refuse(_ number: Int, _ reason: String, _ report: inout Report) {
    report.refused += 1
    if report.refused <= Self.mostNamed {
      printError("line \(number) was not loaded: \(reason)")
    } else if report.refused == Self.mostNamed + 1 {
      printError("more lines were not loaded, which are not named")
    }
  }

  private func print(_ report: Report) throws {
    let output = Output()
    if index.json {
      try output.write(json: report)
    } else {
      try output.writeLine(
        "\(Formatting.count(report.lines, "line")), \(Formatting.count(report.added)) of them new"
          + (report.refused > 0 ? ", \(Formatting.count(report.refused)) refused" : "")
          + "; the index has \(Formatting.count(report.entries))")
    }
    try output.flush()
  }
}
