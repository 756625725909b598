import Foundation
import SystemPackage

/// A folder that goes with the last reference to it.
final class TemporaryFolder: Sendable {
  let path: FilePath

  init(in parent: String = NSTemporaryDirectory()) throws {
    let name = "cairn-crypto-\(UInt64.random(in: .min ... .max))"
    path = FilePath(parent).appending(name)
    try FileManager.default.createDirectory(
      atPath: path.string, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path.string) }

  func path(of name: String) -> String { path.appending(name).string }

  /// Creates a file, and opens it at its start.
  func file(_ name: String, holding bytes: [UInt8]) throws -> FileDescriptor {
    try write(name, bytes)
    return try FileDescriptor.open(path.appending(name), .readWrite)
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(filePath: path(of: name)))
  }

  /// All names in the folder, sorted.
  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path.string).sorted() }
  }

  func content(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path(of: name))))
  }
}
