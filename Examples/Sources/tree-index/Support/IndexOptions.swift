import ArgumentParser
import CairnTree
import CommandSupport
import FoundationSupport

/// What every command takes: which index, and how to answer.
struct IndexOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The index, a file.", valueName: "index"))
  var place: ArgumentBytes

  @Flag(help: "Print JSON on standard output instead of text.")
  var json = false

  /// The one tree in the file: its keys are the lines, its values are empty.
  static let treeName = "lines"
  static let treeOptions = TreeOptions(isWeighted: true)
  /// Enough for the inner pages of a hundred million lines.
  private static let cacheBytes = 16 << 20

  func openStore(writing: Bool) throws -> TreeStore {
    try TreeStore(
      place.path, TreeStoreOptions(cacheBytes: Self.cacheBytes, isReadOnly: !writing))
  }

  /// The lines as they are now.
  func read() throws -> ReadableTree {
    guard let lines = try openStore(writing: false).beginReading().treeIfExists(Self.treeName)
    else { throw Failure("\(place.text) holds trees, but none of lines") }
    return lines
  }

  /// Changes the lines, for good if `body` returns.
  func change<Result>(_ body: (WritableTree) throws -> Result) throws -> Result {
    let writing = try openStore(writing: true).beginWriting()
    let result = try body(try writing.tree(Self.treeName, creating: Self.treeOptions))
    try writing.commit(.checkpoint)
    return result
  }

  /// Puts out one number.
  func answer(_ name: String, _ number: some BinaryInteger & Encodable) throws {
    let output = Output()
    if json {
      try output.write(json: [name: number])
    } else {
      try output.writeLine(String(number))
    }
    try output.flush()
  }
}

extension ArgumentBytes {
  /// Calls `body` with the bytes as a key of the tree.
  func asKey<Result>(_ body: (RawSpan) throws -> Result) throws -> Result {
    try body(bytes.span.bytes)
  }
}
