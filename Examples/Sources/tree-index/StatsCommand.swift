import ArgumentParser
import CairnTree
import CommandSupport
import FoundationSupport

struct StatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats",
    abstract: "Print what an index consists of.")

  @OptionGroup var index: IndexOptions

  private struct Document: Encodable {
    let weight: UInt64
    let pageSize: Int
    let fileBytes: Int64
    let tree: TreeStatistics
  }

  func run() throws {
    let lines = try index.read()
    let tree = try lines.statistics()
    let store = try index.openStore(writing: false).statistics()
    let document = Document(
      weight: try lines.totalWeight, pageSize: store.pageSize,
      fileBytes: Int64(store.pageSize) * Int64(store.pageCount), tree: tree)
    let output = Output()
    if index.json {
      try output.write(json: document)
    } else {
      for (name, text) in text(document) {
        try output.writeLine(Formatting.left(name, 10) + text)
      }
    }
    try output.flush()
  }

  private func text(_ document: Document) -> [(String, String)] {
    let tree = document.tree
    let tenths = Int((tree.fill * 1000).rounded())
    return [
      ("lines", Formatting.count(tree.entries)),
      ("weight", Formatting.count(document.weight)),
      ("content", Formatting.bytes(tree.contentBytes)),
      (
        "pages",
        "\(Formatting.count(tree.leafPages, "leaf page")), "
          + "\(Formatting.count(tree.innerPages, "inner page")) of "
          + Formatting.bytes(document.pageSize)
      ),
      ("depth", Formatting.count(tree.depth)),
      ("fill", "\(tenths / 10).\(tenths % 10) %"),
      ("file", Formatting.bytes(document.fileBytes)),
    ]
  }
}
