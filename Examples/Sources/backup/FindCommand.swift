import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct FindCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "find",
    abstract: "Find paths in all snapshots.",
    discussion: """
      PATTERN is as in --exclude of create: "*.txt" matches names anywhere, "home/**/*.txt" the path \
      from the top of the snapshot. Each line is the snapshot's id and a path. With --json each line \
      is a document.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Argument(help: "A pattern with *, ?, [a-z] and **.")
  var pattern: ArgumentBytes

  private struct Document: Encodable {
    let snapshot: String
    let entry: EntryDocument
  }

  func run() async throws {
    let glob = try Glob(bytes: pattern.bytes)
    let store = try await repository.open()
    let output = Output()
    var isDamaged = false
    let snapshots = try await store.snapshots {
      printError($0.description)
      isDamaged = true
    }
    for snapshot in snapshots {
      let id = snapshot.id.description
      try await SnapshotTree(snapshot, in: store).forEach { entry in
        guard glob.matches(entry.key.span.bytes, kind: entry.metadata.kind) else { return }
        try output.checkReader()
        if repository.output.json {
          try output.write(json: Document(snapshot: id, entry: EntryDocument(entry)))
        } else {
          try output.writeLine("\(id.prefix(8))  \(entry.path)")
        }
      }
    }
    try output.flush()
    try (isDamaged ? ExitStatus.failed : .done).end()
  }
}
