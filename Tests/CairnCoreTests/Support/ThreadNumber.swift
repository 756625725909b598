import Foundation

#if os(Linux)
  /// The kernel's number of this thread, as text.
  func currentThread() throws -> String {
    let link = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
    return String(link.split(separator: "/").last!)
  }

  func isAlive(_ thread: String) -> Bool {
    FileManager.default.fileExists(atPath: "/proc/self/task/\(thread)")
  }
#endif
