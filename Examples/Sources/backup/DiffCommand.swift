import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport

struct DiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "List what differs between two snapshots.",
    discussion: """
      Each line is a sign and a path: "+" added, "-" removed, "M" other content, "U" the same \
      content with another mode, owner, time or attribute. With --json each line is a document.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Argument(help: "A name, the first digits of an id, or \"latest\".")
  var old: String

  @Argument(help: "Another one.")
  var new: String

  private struct Document: Encodable {
    let change: SnapshotChange.Kind
    let old: EntryDocument?
    let new: EntryDocument?
  }

  func run() async throws {
    let store = try await repository.open()
    let before = try await store.snapshot(old)
    let after = try await store.snapshot(new)
    let output = Output()
    try await store.forEachChange(from: before, to: after) { changes in
      for change in changes {
        try output.checkReader()
        if repository.output.json {
          try output.write(
            json: Document(
              change: change.kind, old: change.old.map { EntryDocument($0) },
              new: change.new.map { EntryDocument($0) }))
        } else {
          try output.writeLine("\(sign(of: change.kind)) \(change.path)")
        }
      }
    }
    try output.flush()
  }

  private func sign(of kind: SnapshotChange.Kind) -> String {
    switch kind {
    case .added: "+"
    case .removed: "-"
    case .modified: "M"
    case .attributes: "U"
    }
  }
}
