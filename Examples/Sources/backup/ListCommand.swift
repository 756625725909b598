import ArgumentParser
import Cairn
import CommandSupport

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the snapshots, the oldest first.")

  @OptionGroup var repository: RepositoryOptions

  private struct Document: Encodable {
    let snapshots: [SnapshotDocument]
  }

  func run() async throws {
    var isDamaged = false
    let snapshots = try await repository.open().snapshots {
      printError($0.description)
      isDamaged = true
    }
    let output = Output()
    if repository.output.json {
      try output.write(json: Document(snapshots: snapshots.map { SnapshotDocument($0) }))
    } else {
      for snapshot in snapshots {
        let tags = snapshot.tags.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
        try output.writeLine(
          "\(snapshot.id.description.prefix(8))  \(Formatting.localTime(snapshot.startTime))  "
            + "\(Formatting.right(Formatting.bytes(snapshot.byteCount), 10))  "
            + "\(Formatting.right(Formatting.count(snapshot.entryCount), 11)) entries  "
            + "\(snapshot.name)\(tags.joined())")
      }
    }
    try output.flush()
    try (isDamaged ? ExitStatus.failed : .done).end()
  }
}
