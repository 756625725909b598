import CairnChunks
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

func write(_ text: String, to path: FilePath) throws {
  try Data(text.utf8).write(to: URL(fileURLWithPath: path.string))
}

func makeFolder(_ path: FilePath) throws {
  try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
}

func text(of path: FilePath) -> String? {
  (try? Data(contentsOf: URL(fileURLWithPath: path.string))).map {
    String(decoding: $0, as: UTF8.self)
  }
}

func removeFile(_ path: FilePath) throws {
  try FileManager.default.removeItem(atPath: path.string)
}

extension FilePath.Component {
  static func unique() -> FilePath.Component {
    FilePath.Component(UUID().uuidString)!
  }
}

extension BlobName {
  /// For names that are known to be right.
  init(named name: String) {
    self.init(name)!
  }
}
