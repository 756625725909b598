import Foundation
import SystemPackage

/// One file without a name, for many contents in turn: creating files takes longer than the tests.
final class ScratchFile {
  let descriptor: FileDescriptor

  init() throws {
    let path = NSTemporaryDirectory() + "cairn-tests-\(UUID().uuidString)"
    descriptor = try FileDescriptor.open(
      FilePath(path), .readWrite, options: [.create, .exclusiveCreate],
      permissions: .ownerReadWrite)
    try FileManager.default.removeItem(atPath: path)
  }

  deinit {
    try? descriptor.close()
  }

  /// Puts `bytes` in the place of what was there.
  func set(_ bytes: [UInt8]) throws {
    try descriptor.resize(to: 0)
    try descriptor.writeAll(toAbsoluteOffset: 0, bytes)
  }
}
