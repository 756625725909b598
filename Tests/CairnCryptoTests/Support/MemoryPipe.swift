import Foundation
import SystemPackage

/// A descriptor that gives some bytes and ends, and one that takes any.
final class MemoryPipe {
  let reading: FileDescriptor
  let writing: FileDescriptor

  /// - Parameter bytes: Fewer than a pipe holds, which is 64 KiB.
  init(holding bytes: [UInt8] = []) {
    do {
      let pipe = try FileDescriptor.pipe()
      try pipe.writeEnd.writeAll(bytes)
      try pipe.writeEnd.close()
      reading = pipe.readEnd
      writing = try FileDescriptor.open("/dev/null", .writeOnly)
    } catch {
      fatalError("no descriptors for a test: \(error)")
    }
  }

  deinit {
    try? reading.close()
    try? writing.close()
  }
}
