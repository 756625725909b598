import CairnCore
import SystemPackage

/// A fast-import stream, read through a buffer of fixed size: lines, and data between them.
///
/// Memory: the buffer, and the longest line.
final class StreamReader {
  private var file: FileReader
  private let buffer: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  /// The bytes that were taken.
  private(set) var offset: UInt64 = 0
  /// The lines that were taken.
  private(set) var line: UInt64 = 0
  /// Whether a line was read that the stream ended in.
  private(set) var hasOpenLine = false

  /// The most bytes that ``withData(_:_:)`` lends at once.
  static let bufferSize = 512 << 10
  /// No command is longer: a path has 64 KiB at most, and quoting makes it four times as long.
  private static let maximumLine = 1 << 20

  init(_ file: FileDescriptor) {
    self.file = FileReader(file, name: "the stream")
    buffer = .allocate(byteCount: Self.bufferSize, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Reads more behind what is there, which is moved to the front if there is no room.
  ///
  /// - Returns: whether there was more.
  private func fill() throws -> Bool {
    if isAtEnd { return false }
    if start == end {
      start = 0
      end = 0
    } else if end == buffer.count {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
      end -= start
      start = 0
    }
    let free = UnsafeMutableRawBufferPointer(rebasing: buffer[end...])
    var output = OutputRawSpan(buffer: free, initializedCount: 0)
    let count = try file.read(into: &output)
    _ = output.finalize(for: free)
    end += count
    isAtEnd = count == 0
    return count > 0
  }

  /// The next line without its line feed, which may be missing at the end; `nil` behind the last.
  func readLine() throws -> [UInt8]? {
    var result: [UInt8] = []
    return try readLine(into: &result) ? result : nil
  }

  /// Puts the next line in the place of another, in whose memory if that is enough.
  ///
  /// - Returns: whether there was one.
  func readLine(into result: inout [UInt8]) throws -> Bool {
    result.removeAll(keepingCapacity: true)
    while true {
      let content = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
      var length = 0
      while length < content.count, content[length] != Byte.lineFeed { length += 1 }
      result.append(contentsOf: UnsafeRawBufferPointer(rebasing: content[..<length]))
      if length < content.count {
        take(length + 1)
        line += 1
        return true
      }
      take(length)
      guard result.count <= Self.maximumLine else {
        throw ImportError("a line of more than \(Self.maximumLine) bytes is no command")
      }
      guard try fill() else {
        if result.isEmpty { return false }
        line += 1
        hasOpenLine = true
        return true
      }
    }
  }

  /// Takes a line feed if one comes next.
  func skipOptionalLineFeed() throws {
    if start == end, try !fill() { return }
    guard buffer[start] == Byte.lineFeed else { return }
    take(1)
    line += 1
  }

  private func take(_ count: Int) {
    start += count
    offset += UInt64(count)
  }

  /// Lends the next `count` bytes.
  ///
  /// - Precondition: there are ``bufferSize`` at most.
  func withData<Result>(_ count: Int, _ body: (RawSpan) throws -> Result) throws -> Result {
    precondition(count <= Self.bufferSize)
    if buffer.count - start < count {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
      end -= start
      start = 0
    }
    while end - start < count {
      guard try fill() else { throw missing(UInt64(count - (end - start))) }
    }
    let data = UnsafeRawBufferPointer(rebasing: buffer[start..<start + count])
    defer { take(data) }
    return try body(data.bytes)
  }

  /// Lends the next `count` bytes, piece by piece.
  func forEachPiece(of count: UInt64, _ body: (RawSpan) throws -> Void) throws {
    var left = count
    while left > 0 {
      let piece = Int(min(left, UInt64(Self.bufferSize)))
      try withData(piece, body)
      left -= UInt64(piece)
    }
  }

  /// Appends up to `count` bytes to a buffer, at least one.
  fileprivate func read(
    upTo count: UInt64, into output: inout OutputRawSpan, _ hash: borrowing SHA1
  ) throws -> Int {
    if start == end, try !fill() { throw missing(count) }
    let size = Int(min(UInt64(end - start), UInt64(output.freeCapacity), count))
    let data = UnsafeRawBufferPointer(rebasing: buffer[start..<start + size])
    hash.update(data.bytes)
    output.append(copying: data)
    take(data)
    return size
  }

  private func take(_ data: UnsafeRawBufferPointer) {
    // The lines of data count too, so that an editor finds what a message names.
    var lines: UInt64 = 0
    for byte in data where byte == Byte.lineFeed { lines += 1 }
    line += lines
    take(data.count)
  }

  private func missing(_ count: UInt64) -> ImportError {
    ImportError("EOF in data (\(count) bytes remaining)")
  }
}

extension OutputRawSpan {
  fileprivate mutating func append(copying data: UnsafeRawBufferPointer) {
    withUnsafeMutableBytes { bytes, initialized in
      UnsafeMutableRawBufferPointer(rebasing: bytes[initialized...]).copyMemory(from: data)
      initialized += data.count
    }
  }
}

/// Data of a stream that is too long to be held, hashed on its way.
struct StreamData: ByteReader {
  private let stream: StreamReader
  private var left: UInt64
  private let hash: ObjectHash
  /// What went wrong in the stream, for the error that a reader throws cannot say it.
  private(set) var failure: (any Error)?

  init(_ stream: StreamReader, byteCount: UInt64, _ hash: ObjectHash) {
    self.stream = stream
    left = byteCount
    self.hash = hash
  }

  mutating func read(into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    guard left > 0 else { return 0 }
    do {
      let count = try stream.read(upTo: left, into: &buffer, hash.state)
      left -= UInt64(count)
      return count
    } catch {
      failure = error
      throw IOError(
        .unexpectedEnd, operation: "read", subject: "the stream", detail: "\(error)")
    }
  }
}

/// A ``SHA1`` that several hold.
final class ObjectHash {
  let state = SHA1()
}
