import Foundation
import SystemPackage

/// Lends a fresh, empty directory and removes it afterwards.
///
/// It is in memory where it can be: what survives a power cut no test here can tell, and thousands
/// of blobs, each synchronized, take their time on a disk.
func withTemporaryDirectory<Result>(
  _ body: (FilePath) async throws -> Result
) async throws -> Result {
  let memory = "/dev/shm/"
  let parent =
    FileManager.default.isWritableFile(atPath: memory) ? memory : NSTemporaryDirectory()
  let path = parent + "cairn-tests-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(FilePath(path))
}
