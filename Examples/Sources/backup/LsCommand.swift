import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct LsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls",
    abstract: "List a snapshot's entries, or those of a path and below it.",
    discussion: """
      The entries come in the order of their paths: mode, owner, group, size, time, path. With \
      --offset and --limit any part of a long list takes the same short time.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Argument(help: "A name, the first digits of an id, or \"latest\".")
  var snapshot: String

  @Argument(help: "A path in the snapshot, which begins with the name of what was backed up.")
  var path: ArgumentBytes?

  @Flag(help: "List a directory's own entries only, not what is below them.")
  var children = false

  @Option(help: ArgumentHelp("How many entries to leave out at the beginning.", valueName: "n"))
  var offset: Int = 0

  @Option(help: ArgumentHelp("The most entries to list.", valueName: "m"))
  var limit: Int?

  func validate() throws {
    guard offset >= 0, limit ?? 0 >= 0 else {
      throw ValidationError("--offset and --limit take numbers from 0 on.")
    }
  }

  func run() async throws {
    let store = try await repository.open()
    let tree = SnapshotTree(try await store.snapshot(snapshot), in: store)
    let key = SnapshotEntry.key(ofPath: path?.bytes ?? [])
    let output = Output()
    if children {
      if !key.isEmpty { _ = try await tree.requireEntry(key) }
      for entry in try await tree.children(of: key, offset: offset, limit: limit ?? .max) {
        try write(entry, to: output)
      }
    } else {
      let ranks = try await tree.requireRanks(below: key)
      let start = ranks.lowerBound + min(UInt64(offset), UInt64(ranks.count))
      let end = start + min(limit.map { UInt64($0) } ?? .max, ranks.upperBound - start)
      try await tree.forEach(start..<end) { try write($0, to: output) }
    }
    try output.flush()
  }

  private func write(_ entry: SnapshotEntry, to output: Output) throws {
    try output.checkReader()
    if repository.output.json { return try output.write(json: EntryDocument(entry)) }
    let metadata = entry.metadata
    let size =
      switch metadata.kind {
      case .regular: String(metadata.size)
      case .characterDevice, .blockDevice:
        "\(metadata.deviceNumber.major),\(metadata.deviceNumber.minor)"
      default: "-"
      }
    var line = Formatting.mode(metadata)
    line += " " + Formatting.left(metadata.userName ?? String(metadata.uid), 8)
    line += " " + Formatting.left(metadata.groupName ?? String(metadata.gid), 8)
    line += " " + Formatting.right(size, 12)
    line += " " + Formatting.localTime(metadata.modificationTime)
    line += " " + entry.path
    if metadata.kind == .symbolicLink {
      line += " -> " + String(displaying: metadata.linkTarget)
    }
    try output.writeLine(line)
  }
}
