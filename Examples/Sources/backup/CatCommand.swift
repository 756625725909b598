import ArgumentParser
import Cairn
import CommandSupport
import FoundationSupport
import SystemPackage

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct CatCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cat",
    abstract: "Write the content of a file in a snapshot to standard output.",
    discussion: """
      With --json, the document has the file's path and size, and its content in Base64.
      """)

  @OptionGroup var repository: RepositoryOptions

  @Argument(help: "A name, the first digits of an id, or \"latest\".")
  var snapshot: String

  @Argument(help: "A path in the snapshot, which begins with the name of what was backed up.")
  var path: ArgumentBytes

  func run() async throws {
    let store = try await repository.open()
    let tree = SnapshotTree(try await store.snapshot(snapshot), in: store)
    let entry = try await tree.requireEntry(SnapshotEntry.key(ofPath: path.bytes))
    guard let content = entry.content else {
      throw Failure("\(entry.path) is a \(entry.metadata.kind) and has no content")
    }
    guard repository.output.json else {
      return try await tree.read(
        content, to: FileWriter(.standardOutput, name: "the standard output"))
    }
    try await writeJSON(entry, content, from: store)
  }

  /// Writes the document piece by piece, since a file may be larger than the memory.
  private func writeJSON(
    _ entry: SnapshotEntry, _ content: FileContent, from store: Repository
  ) async throws {
    let output = Output()
    let document = try Output.encoder.encode(EntryDocument(entry))
    try output.write(String(decoding: document.dropLast(), as: UTF8.self) + ",\"content\":\"")
    switch content {
    case .inline(let bytes):
      try output.write(Data(bytes).base64EncodedString())
    case .stream(let stream):
      // Pieces of a multiple of three bytes, so that their Base64 joins without padding between.
      let step: UInt64 = 3 << 18
      for start in stride(from: 0, to: stream.byteCount, by: Int(step)) {
        try Task.checkCancellation()
        try output.checkReader()
        let piece = start..<min(stream.byteCount, start + step)
        try output.write(Data(try await store.read(stream, in: piece)).base64EncodedString())
      }
    }
    try output.writeLine("\"}")
    try output.flush()
  }
}
