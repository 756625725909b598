import CairnCore
import Foundation
import SystemPackage

extension FileDescriptor {
  /// Two ends of a socket; what is written to the second is read from the first.
  static func socketPair() throws -> (FileDescriptor, FileDescriptor) {
    #if os(Linux)
      let stream = CInt(SOCK_STREAM.rawValue)
    #else
      let stream = SOCK_STREAM
    #endif
    var ends: [CInt] = [-1, -1]
    guard socketpair(AF_UNIX, stream, 0, &ends) == 0 else { throw Errno(rawValue: errno) }
    return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
  }

  func makeNonBlocking() throws {
    guard fcntl(rawValue, F_SETFL, fcntl(rawValue, F_GETFL) | O_NONBLOCK) == 0 else {
      throw Errno(rawValue: errno)
    }
  }

  func offset() throws -> Int64 { try seek(offset: 0, from: .current) }
}

extension [UInt8] {
  /// Reads to the end of a stream.
  ///
  /// - Parameter pauses: After so many of the first reads, a short one each, there is a pause.
  init(readingAllOf file: FileDescriptor, pauses: Int = 0) throws {
    self = []
    var pauses = pauses
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let room = pauses > 0 ? 10_000 : buffer.count
      let count = try buffer.withUnsafeMutableBytes {
        try file.readOnce(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<room]))
      }
      if count == 0 { return }
      buffer.withUnsafeBytes { append(contentsOf: $0[..<count]) }
      if pauses > 0 {
        pauses -= 1
        usleep(500)
      }
    }
  }
}
