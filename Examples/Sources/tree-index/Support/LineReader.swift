import CairnCore
import SystemPackage

/// Cuts a stream into lines, in a fixed amount of memory.
///
/// A line ends with a line feed, which is not part of it, or with the stream. All other bytes are
/// content, a carriage return and NUL, too.
struct LineReader {
  /// Of a line that is longer than `limit`, so many bytes and one are kept.
  private let limit: Int
  private var reader: FileReader
  /// The beginning of a line of which the rest has not been read.
  private var start: [UInt8] = []
  private var number = 0
  private static let chunkSize = 256 << 10

  init(_ file: FileDescriptor, name: String, limit: Int) {
    reader = FileReader(file, name: name)
    self.limit = limit
  }

  /// Calls `body` with each line and its number, counted from 1.
  ///
  /// - Parameter tick: called with the number of bytes and lines after each piece that was read.
  mutating func forEach(
    _ body: (_ line: UnsafeRawBufferPointer, _ number: Int) throws -> Void,
    tick: (_ bytes: Int, _ lines: Int) throws -> Void
  ) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: Self.chunkSize, alignment: 1)
    defer { buffer.deallocate() }
    var total = 0
    while true {
      var span = OutputRawSpan(buffer: buffer, initializedCount: 0)
      var failure: IOError?
      do throws(IOError) {
        _ = try reader.read(into: &span)
      } catch {
        failure = error
      }
      let count = span.finalize(for: buffer)
      if let failure { throw failure }
      guard count > 0 else { break }
      total += count
      try cut(UnsafeRawBufferPointer(rebasing: buffer[..<count]), body)
      try tick(total, number)
    }
    if !start.isEmpty {
      number += 1
      try start.withUnsafeBytes { try body($0, number) }
    }
  }

  private mutating func cut(
    _ chunk: UnsafeRawBufferPointer,
    _ body: (_ line: UnsafeRawBufferPointer, _ number: Int) throws -> Void
  ) throws {
    var rest = chunk[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[..<end]
      number += 1
      if start.isEmpty {
        try body(UnsafeRawBufferPointer(rebasing: line), number)
      } else {
        keep(line)
        try start.withUnsafeBytes { try body($0, number) }
        start.removeAll(keepingCapacity: true)
      }
      rest = rest[(end + 1)...]
    }
    keep(rest)
  }

  private mutating func keep(_ part: Slice<UnsafeRawBufferPointer>) {
    start.append(contentsOf: part.prefix(max(0, limit + 1 - start.count)))
  }
}
