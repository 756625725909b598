import Foundation
import SystemPackage

/// Lends a fresh, empty directory and removes it afterwards.
func withTemporaryDirectory<Result>(
  _ body: (FilePath) async throws -> Result
) async throws -> Result {
  let path = NSTemporaryDirectory() + "cairn-tests-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(FilePath(path))
}
