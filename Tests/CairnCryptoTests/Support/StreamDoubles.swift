import CairnCore
import SystemPackage

/// Gives bytes in small pieces, as a slow pipe does.
struct PiecemealReader: ByteReader {
  private let bytes: [UInt8]
  private let pieceSize: Int
  private var position = 0

  init(_ bytes: [UInt8], pieceSize: Int) {
    self.bytes = bytes
    self.pieceSize = pieceSize
  }

  mutating func read(into buffer: inout OutputRawSpan) -> Int {
    let start = position
    let count = buffer.append { free in
      let piece = bytes[start...].prefix(min(pieceSize, free.count))
      free.copyBytes(from: piece)
      return piece.count
    }
    position += count
    return count
  }
}

/// Gives bytes, then fails once, then says that it has ended.
struct FailingReader: ByteReader {
  var bytes: MemoryReader
  private var hasFailed = false

  init(_ bytes: [UInt8]) { self.bytes = MemoryReader(bytes) }

  mutating func read(into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    let count = bytes.read(into: &buffer)
    if count == 0, !hasFailed {
      hasFailed = true
      throw .systemCall("read", "the failing input", .ioError)
    }
    return count
  }
}

/// Takes `room` bytes, then fails once: an output that others make room on again.
struct FullWriter: ByteWriter {
  var room: Int

  mutating func write(_ bytes: RawSpan) throws(IOError) {
    room -= bytes.byteCount
    if room < 0 {
      room = .max
      throw .systemCall("write", "the full output", .noSpace)
    }
  }
}

/// Keeps what is written, also for those who hold a copy.
struct CountingWriter: ByteWriter {
  final class Log {
    var bytes: [UInt8] = []
  }
  let log = Log()

  mutating func write(_ bytes: RawSpan) { bytes.withUnsafeBytes { log.bytes += $0 } }
}
