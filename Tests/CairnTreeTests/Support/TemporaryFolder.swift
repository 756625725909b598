import Foundation
import SystemPackage

/// A folder of its own, removed with all that is in it.
final class TemporaryFolder: Sendable {
  let path: FilePath
  /// A name in it, of nothing at first.
  var file: FilePath { path.appending("trees") }

  init() throws {
    path = FilePath(NSTemporaryDirectory()).appending("cairn-tree-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      atPath: path.string, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path.string) }
}
