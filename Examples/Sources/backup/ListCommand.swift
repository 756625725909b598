import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the snapshots, the oldest first.",
    discussion: """
      With a writer's key, those that were made with it, and of these only what can be told without \
      reading them: id, time and name.
      """)

  @OptionGroup var repository: RepositoryOptions

  private struct Document: Encodable {
    let snapshots: [SnapshotDocument]
  }

  private struct PublishedDocument: Encodable {
    struct Published: Encodable {
      let id: String
      let name: String
      let time: String
    }
    let snapshots: [Published]
  }

  func run() async throws {
    switch try await repository.openAsAllowed() {
    case .readable(let repository): try await list(repository)
    case .writable(let writer): try await list(writer)
    }
  }

  private func list(_ writer: RepositoryWriter) async throws {
    var isDamaged = false
    let roots = try await writer.roots {
      printError($0.description)
      isDamaged = true
    }.filter(\.isSnapshot)
    let output = Output()
    if repository.output.json {
      try output.write(
        json: PublishedDocument(
          snapshots: roots.map {
            PublishedDocument.Published(
              id: $0.id.description, name: $0.name, time: Formatting.utcTime($0.time))
          }))
    } else {
      for root in roots {
        try output.writeLine(
          "\(root.id.description.prefix(8))  \(Formatting.localTime(root.time))  \(root.name)")
      }
    }
    try output.flush()
    try (isDamaged ? ExitStatus.failed : .done).end()
  }

  private func list(_ store: Repository) async throws {
    var isDamaged = false
    let snapshots = try await store.snapshots {
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
