import SystemPackage

/// The message of a commit or tag: in memory, or on disk if it is long.
enum Message {
  case held([UInt8])
  case spooled(DataSpool)

  /// Longer ones are spooled.
  static let heldLimit = 1 << 20

  var byteCount: UInt64 {
    switch self {
    case .held(let bytes): UInt64(bytes.count)
    case .spooled(let spool): spool.count
    }
  }
}

extension CommandReader {
  /// The data that the current command announces, of any length.
  ///
  /// - Parameter folder: where a long message is kept meanwhile.
  func message(in folder: FilePath) throws -> Message {
    let spool = DataSpool(in: folder)
    switch try extent() {
    case .delimited(let delimiter):
      try forEachLine(until: delimiter) { try spool.append($0) }
    case .counted(let count):
      try stream.forEachPiece(of: count) { piece in
        try piece.withUnsafeBytes { try spool.append($0) }
      }
      try stream.skipOptionalLineFeed()
    }
    return spool.isInMemory ? .held(spool.tail) : .spooled(spool)
  }

  /// The data that the current command announces, which must fit in memory.
  func shortData(_ what: String) throws -> [UInt8] {
    let limit = UInt64(Message.heldLimit)
    var data: [UInt8] = []
    switch try extent() {
    case .delimited(let delimiter):
      try forEachLine(until: delimiter) { line in
        data += line
        guard data.count <= limit else { throw Self.tooLong(what) }
      }
    case .counted(let count):
      guard count <= limit else { throw Self.tooLong(what) }
      try stream.forEachPiece(of: count) { piece in
        piece.withUnsafeBytes { data.append(contentsOf: $0) }
      }
      try stream.skipOptionalLineFeed()
    }
    return data
  }

  private static func tooLong(_ what: String) -> ImportError {
    ImportError("\(what) is longer than \(Message.heldLimit) bytes, the most that is supported")
  }
}
