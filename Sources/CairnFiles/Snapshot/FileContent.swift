public import CairnChunks
import CairnCore

/// Where the bytes of a regular file are.
public enum FileContent: Hashable, Sendable {
  /// Small files travel inside their entry.
  case inline([UInt8])
  /// Others are streams in the store.
  case stream(Content)

  /// The length of the file.
  public var byteCount: UInt64 {
    switch self {
    case .inline(let bytes): UInt64(bytes.count)
    case .stream(let content): content.byteCount
    }
  }
}

/// How an entry's value is put together: the metadata, then the content.
///
///     1 byte  0 no content, 1 inline, 2 a stream
///     inline: counted bytes
///     stream: 1 byte height, varint length in bytes; the root is the entry's only link
enum FileContentCoding {
  static let none: UInt8 = 0
  static let inline: UInt8 = 1
  static let stream: UInt8 = 2

  static func append(inline bytes: UnsafeRawBufferPointer, to value: inout [UInt8]) {
    value.append(inline)
    appendVarint(UInt64(bytes.count), to: &value)
    value.append(contentsOf: bytes)
  }

  static func append(_ content: Content, to value: inout [UInt8]) {
    value.append(stream)
    value.append(UInt8(content.height))
    appendVarint(content.byteCount, to: &value)
  }

  /// The stream with which a value ends, found from its end so that the metadata need not be decoded;
  /// `nil` if there is none.
  ///
  /// All bytes of a varint but its last have the high bit set, and neither height nor kind has.
  static func stream(at value: UnsafeRawBufferPointer, root: ChunkID) -> Content? {
    var start = value.count - 1
    while start > 1, value[start - 1] >= 0x80 { start -= 1 }
    guard start >= 2, value[start - 2] == stream else { return nil }
    var byteCount: UInt64 = 0
    for position in (start..<value.count).reversed() {
      byteCount = byteCount << 7 | UInt64(value[position] & 0x7F)
    }
    return Content(root: root, byteCount: byteCount, height: Int(value[start - 1]))
  }

  private static func appendVarint(_ number: UInt64, to bytes: inout [UInt8]) {
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
