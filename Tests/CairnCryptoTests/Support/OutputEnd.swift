import CairnCore
import Foundation
import SystemPackage
import Testing

/// A descriptor to write to, and what arrives behind it.
final class OutputEnd {
  enum Kind: CaseIterable {
    /// A regular file with something before the offset, which is its end.
    case file
    /// A regular file that is open for appending, with its offset at the front.
    case appendedFile
    case pipe
    case socket
    /// A pipe that does not block, and whose reader pauses.
    case pausingPipe
  }

  static let prefix: [UInt8] = [7, 7, 7, 7, 7]

  let descriptor: FileDescriptor
  private let kind: Kind
  private let folder: TemporaryFolder
  private let reader: Peer<[UInt8]>?

  init(_ kind: Kind, in folder: TemporaryFolder) throws {
    self.kind = kind
    self.folder = folder
    switch kind {
    case .file:
      descriptor = try folder.file("output", holding: Self.prefix)
      try descriptor.seek(offset: 0, from: .end)
      reader = nil
    case .appendedFile:
      try folder.write("output", Self.prefix)
      descriptor = try FileDescriptor.open(
        folder.path.appending("output"), .writeOnly, options: .append)
      reader = nil
    case .pipe, .socket, .pausingPipe:
      let (reading, writing) =
        try kind == .socket ? FileDescriptor.socketPair() : FileDescriptor.pipe()
      if kind == .pausingPipe { try writing.makeNonBlocking() }
      descriptor = writing
      reader = Peer {
        try reading.closeAfter {
          try [UInt8](readingAllOf: reading, pauses: kind == .pausingPipe ? 12 : 0)
        }
      }
    }
  }

  /// Closes the descriptor, which was left open, and returns what was written to it.
  ///
  /// Asserts for a file that its offset is behind that.
  func finish(
    _ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [UInt8] {
    if let reader {
      try descriptor.close()
      return try reader.join()
    }
    let content = try folder.content("output")
    #expect(content.starts(with: Self.prefix), comment, sourceLocation: sourceLocation)
    let written = Array(content.dropFirst(Self.prefix.count))
    // Appending moves the offset, and there is nothing to append for an empty message.
    let isUnmoved = written.isEmpty && kind == .appendedFile
    let offset = try descriptor.offset()
    #expect(
      offset == (isUnmoved ? 0 : content.count), comment, sourceLocation: sourceLocation)
    try descriptor.close()
    return written
  }
}
