import CairnChunks
import Foundation
import Testing

@testable import CairnSFTP

func blobName(_ text: String) -> BlobName { BlobName(text)! }

/// Bytes that differ for each count and seed.
func sample(_ count: Int, _ seed: Int = 0) -> [UInt8] {
  var state = UInt64(truncatingIfNeeded: seed) << 32 | UInt64(truncatingIfNeeded: count)
  var bytes = [UInt8](repeating: 0, count: count)
  bytes.withUnsafeMutableBytes { buffer in
    for offset in stride(from: 0, to: count - count % 8, by: 8) {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      buffer.storeBytes(of: state, toByteOffset: offset, as: UInt64.self)
    }
    for offset in count - count % 8..<count {
      buffer[offset] = UInt8(truncatingIfNeeded: seed + offset)
    }
  }
  return bytes
}

extension Target {
  func put(_ blob: String, _ bytes: [UInt8]) async throws {
    try await put(blobName(blob), BlobSource(bytes))
  }

  func get(_ blob: String, _ range: Range<Int64>? = nil) async throws -> [UInt8] {
    try await get(blobName(blob), range: range)
  }

  func names(_ prefix: String = "") async throws -> [String] {
    var all: [String] = []
    try await forEachBlob(prefix) { all.append($0.name.description) }
    return all
  }
}

/// The error of the library that `body` throws.
func failure(
  _ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> ChunkStoreError {
  do {
    try await body()
  } catch let error as ChunkStoreError {
    return error
  }
  return try #require(nil, "it did not throw", sourceLocation: sourceLocation)
}

/// A directory for one test, removed with the last reference to it.
final class Scratch: Sendable {
  let path: String

  init() throws {
    var template = Array("\(NSTemporaryDirectory())/cairn-sftp-tests-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let resolved = try #require(realpath(template, nil))
    defer { free(resolved) }
    path = String(cString: resolved)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  subscript(name: String) -> String { "\(path)/\(name)" }

  func makeDirectory(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: self[name], withIntermediateDirectories: true)
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(filePath: self[name]))
  }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  func read(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: self[name])))
  }

  /// The files below a directory, as paths from it, sorted.
  func files(below name: String) throws -> [String] {
    let enumerator = try #require(FileManager.default.enumerator(atPath: self[name]))
    return enumerator.compactMap { $0 as? String }.filter { file in
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(
        atPath: self["\(name)/\(file)"], isDirectory: &isFolder) && !isFolder.boolValue
    }.sorted()
  }
}
