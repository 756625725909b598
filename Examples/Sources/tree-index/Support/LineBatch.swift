import CairnTree

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Lines that are put into the tree together, in their order: one page after the other is changed,
/// not a page for each line.
struct LineBatch {
  struct Line {
    fileprivate let start: Int
    fileprivate let count: Int
    let weight: UInt64
    /// Which one of the input it is.
    let number: Int
  }

  private var bytes: [UInt8] = []
  private var lines: [Line] = []
  private static let mostBytes = 8 << 20
  private static let mostLines = 256 << 10

  init() {
    // Growing would copy, and for a moment hold both.
    bytes.reserveCapacity(Self.mostBytes + 2048)
    lines.reserveCapacity(Self.mostLines)
  }

  var isFull: Bool { bytes.count >= Self.mostBytes || lines.count >= Self.mostLines }

  mutating func append(_ line: UnsafeRawBufferPointer, weight: UInt64, number: Int) {
    lines.append(Line(start: bytes.count, count: line.count, weight: weight, number: number))
    bytes.append(contentsOf: line)
  }

  /// Calls `body` with all lines in ascending order, equal ones as they came in, and forgets them.
  mutating func drain(_ body: (RawSpan, Line) throws -> Void) throws {
    var (bytes, lines) = ([UInt8](), [Line]())
    swap(&bytes, &self.bytes)
    swap(&lines, &self.lines)
    try Self.forEachSorted(bytes, &lines, body)
    // The memory is used again.
    bytes.removeAll(keepingCapacity: true)
    lines.removeAll(keepingCapacity: true)
    swap(&bytes, &self.bytes)
    swap(&lines, &self.lines)
  }

  private static func forEachSorted(
    _ bytes: [UInt8], _ lines: inout [Line], _ body: (RawSpan, Line) throws -> Void
  ) throws {
    let content = bytes.span.bytes
    content.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      lines.sort { a, b in
        let order = memcmp(base + a.start, base + b.start, min(a.count, b.count))
        if order != 0 { return order < 0 }
        return a.count != b.count ? a.count < b.count : a.number < b.number
      }
    }
    for line in lines {
      try body(content.extracting(line.start..<line.start + line.count), line)
    }
  }
}
