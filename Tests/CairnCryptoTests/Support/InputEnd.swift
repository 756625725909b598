import CairnCore
import Foundation
import SystemPackage
import Testing

/// A descriptor to read certain bytes from.
final class InputEnd {
  enum Kind: CaseIterable {
    /// A regular file with something before the offset.
    case file
    case pipe
    case socket
    /// A pipe whose writer gives one byte at a time, wherever something begins or ends.
    case dribblingPipe
    /// A pipe that does not block, and whose writer pauses.
    case pausingPipe
  }

  let descriptor: FileDescriptor
  private let feeder: Peer<Void>?
  /// Where the offset is to be when all is read; `nil` if there is none.
  private let endOffset: Int64?

  init(_ kind: Kind, holding bytes: [UInt8], in folder: TemporaryFolder) throws {
    if kind == .file {
      let prefix: [UInt8] = [1, 2, 3]
      descriptor = try folder.file("input", holding: prefix + bytes)
      try descriptor.seek(offset: Int64(prefix.count), from: .start)
      endOffset = Int64(prefix.count + bytes.count)
      feeder = nil
      return
    }
    let (reading, writing) =
      try kind == .socket ? FileDescriptor.socketPair() : FileDescriptor.pipe()
    if kind == .pausingPipe { try reading.makeNonBlocking() }
    descriptor = reading
    endOffset = nil
    feeder = Peer { try writing.closeAfter { try Self.feed(bytes, to: writing, kind) } }
  }

  private static func feed(_ bytes: [UInt8], to file: FileDescriptor, _ kind: Kind) throws {
    var done = 0
    var pauses = 0
    while done < bytes.count {
      var size = bytes.count
      switch kind {
      case .dribblingPipe:
        let place = done % 65536
        size = place < 300 || place > 65200 || bytes.count - done < 300 ? 1 : 4999
      case .pausingPipe:
        size = 30_000
        if pauses < 12 { usleep(500) }
        pauses += 1
      default: break
      }
      let end = min(done + size, bytes.count)
      try bytes.withUnsafeBytes { bytes in
        try file.writeFully(UnsafeRawBufferPointer(rebasing: bytes[done..<end]))
      }
      done = end
    }
  }

  /// Asserts that the offset is behind what was read, and that the descriptor was left open.
  func finish(_ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation) throws {
    if let endOffset {
      let offset = try descriptor.seek(offset: 0, from: .current)
      #expect(offset == endOffset, comment, sourceLocation: sourceLocation)
    } else {
      #expect(
        try [UInt8](readingAllOf: descriptor) == [], comment, sourceLocation: sourceLocation)
    }
    try descriptor.close()
    try feeder?.join()
  }

  /// Closes the descriptor, of which perhaps not all was read.
  func abandon() throws {
    try descriptor.close()
    _ = try? feeder?.join()
  }
}
