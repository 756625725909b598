import Foundation
import Testing

/// Small files that pin the formats, beside the tests in `Golden`.
///
/// With `CAIRN_WRITE_GOLDEN=1` in the environment they are written instead of compared: for a
/// format that has no file yet, never to make a failing test pass.
enum Golden {
  static let isWriting = ProcessInfo.processInfo.environment["CAIRN_WRITE_GOLDEN"] == "1"

  /// Compares `bytes` with the file of that name.
  static func check(
    _ name: String, _ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    if isWriting {
      try Data(bytes).write(to: folder.appendingPathComponent(name))
      return
    }
    let expected = try read(name)
    #expect(
      bytes == expected, "the format of \(name) has changed", sourceLocation: sourceLocation)
  }

  static func read(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  /// Where the files are: among the sources when they are written.
  static var folder: URL {
    if !isWriting { return Bundle.module.resourceURL!.appendingPathComponent("Golden") }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Golden")
  }
}
