import ArgumentParser
import CairnTree
import CommandSupport
import FoundationSupport

struct CompactCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compact",
    abstract: "Make an index as small as it can be.",
    discussion: """
      With TO, the index stays as it is, and a compact copy of it is written to that file, which must \
      not exist. Without, the file itself is made shorter.
      """)

  @OptionGroup var index: IndexOptions

  @Argument(help: "The file for the copy.")
  var to: ArgumentBytes?

  private struct Report: Encodable {
    let bytes: Int64
    let bytesBefore: Int64
  }

  func run() throws {
    _ = try index.read()
    let store = try index.openStore(writing: to == nil)
    let before = try byteCount(store)
    let after: Int64
    if let to {
      after = try copy(store, to)
    } else {
      try store.compact(progress: ProgressLine.reporter("compacting"))
      after = try byteCount(store)
    }
    let output = Output()
    if index.json {
      try output.write(json: Report(bytes: after, bytesBefore: before))
    } else {
      try output.writeLine("\(Formatting.bytes(after)), from \(Formatting.bytes(before))")
    }
    try output.flush()
  }

  private func byteCount(_ store: TreeStore) throws -> Int64 {
    let statistics = try store.statistics()
    return Int64(statistics.pageSize) * Int64(statistics.pageCount)
  }

  private func copy(_ store: TreeStore, _ target: ArgumentBytes) throws -> Int64 {
    guard !target.path.exists else {
      throw Failure("\(target.text) exists; name a file that does not")
    }
    return try Undo.removing(target.path) {
      do {
        let storage = try FileStorage(target.path)
        try store.copy(to: storage, progress: ProgressLine.reporter("copying"))
        return try storage.byteCount
      } catch {
        target.path.remove()
        throw error
      }
    }
  }
}
