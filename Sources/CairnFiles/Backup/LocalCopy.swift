import CairnChunks
import CairnCore
import CairnCrypto
import SystemPackage

/// The copy of the last tree of some places that this machine keeps, if it does.
struct LocalCopy: Sendable {
  /// What the last backup left.
  let chunks: LocalChunks?
  private let path: FilePath?

  /// Opens the file of these places; blocks.
  init(of places: [WalkRoot], host: String, in folder: FilePath?, _ repository: Repository) {
    guard let folder else {
      (chunks, path) = (nil, nil)
      return
    }
    // Each set of places on each host has a file of its own.
    let what = [host] + places.map { $0.path.displayText }.sorted()
    let digest = SHA256.hash(of: Array(what.joined(separator: "\0").utf8).span.bytes)
    let path = folder.appending("tree-\(digest.description.prefix(32))")
    self.path = path
    chunks = LocalChunks(path, of: repository)
  }

  /// Begins the copy of the tree that is built now, `nil` if none is kept.
  func makeWriter() throws(IOError) -> LocalChunksWriter? {
    guard let path else { return nil }
    return try LocalChunksWriter(path)
  }
}
