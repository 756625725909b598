public import SystemPackage

/// A stream of bytes that is read from front to back.
///
/// Used by one thread at a time. After an error the stream's position is unspecified, and the
/// caller stops reading.
public protocol ByteReader {
  /// Appends at least one byte to `buffer` and returns how many, or returns 0 at the end.
  ///
  /// - Parameter buffer: has free capacity for at least one byte.
  /// - Throws: ``IOError`` if the source fails.
  mutating func read(into buffer: inout OutputRawSpan) throws(IOError) -> Int
}

/// A stream of bytes that is written from front to back.
///
/// Used by one thread at a time. After an error nothing more is written.
public protocol ByteWriter {
  /// Writes all of `bytes`, or throws.
  mutating func write(_ bytes: RawSpan) throws(IOError)
}

/// Bytes that can be read from any offset, by several threads at once.
public protocol RandomAccessReader: Sendable {
  /// The number of bytes.
  var byteCount: Int64 { get throws(IOError) }

  /// Appends bytes from `offset` on to `buffer` until it is full or the end is reached, and returns
  /// how many.
  func read(at offset: Int64, into buffer: inout OutputRawSpan) throws(IOError) -> Int
}

/// Reads a file, pipe or socket from its current offset on; the descriptor is borrowed.
///
/// A descriptor that is non-blocking is waited for.
public struct FileReader: ByteReader, Sendable {
  public let file: FileDescriptor
  /// What error messages call the file.
  public let name: String

  public init(_ file: FileDescriptor, name: String = "the input") {
    self.file = file
    self.name = name
  }

  public mutating func read(into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    do throws(Errno) {
      return try buffer.append { (free) throws(Errno) in
        try file.retry(whenReadyFor: .reading) {
          Libc.readBytes(file.rawValue, free.baseAddress!, free.count)
        }
      }
    } catch {
      throw .systemCall("read", name, error)
    }
  }
}

/// Writes a file, pipe or socket from its current offset on; the descriptor is borrowed.
///
/// A descriptor that is non-blocking is waited for. A reader who has gone is an error (`EPIPE`); the
/// signal SIGPIPE is not delivered.
public struct FileWriter: ByteWriter, Sendable {
  public let file: FileDescriptor
  /// What error messages call the file.
  public let name: String

  public init(_ file: FileDescriptor, name: String = "the output") {
    self.file = file
    self.name = name
  }

  public mutating func write(_ bytes: RawSpan) throws(IOError) {
    do throws(Errno) {
      try bytes.withUnsafeBytes { (content) throws(Errno) in
        try file.writeFully(content)
      }
    } catch {
      throw .systemCall("write", name, error)
    }
  }
}

/// A window on a file: its bytes from `offset` on, `byteCount` of them.
public struct FileWindow: RandomAccessReader {
  public let file: FileDescriptor
  public let offset: Int64
  public let byteCount: Int64
  /// What error messages call the file.
  public let name: String

  /// - Precondition: neither `offset` nor `byteCount` is negative.
  public init(
    _ file: FileDescriptor, offset: Int64 = 0, byteCount: Int64, name: String = "the file"
  ) {
    precondition(offset >= 0 && byteCount >= 0)
    self.file = file
    self.offset = offset
    self.byteCount = byteCount
    self.name = name
  }

  public func read(at position: Int64, into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    let left = max(0, byteCount - position)
    do throws(Errno) {
      return try buffer.append { (free) throws(Errno) in
        let count = Int(min(Int64(free.count), left))
        return try file.readFully(
          at: offset + position, into: UnsafeMutableRawBufferPointer(rebasing: free[..<count]))
      }
    } catch {
      throw .systemCall("read", name, error)
    }
  }
}

/// Reads bytes in memory.
public struct MemoryReader: ByteReader, RandomAccessReader {
  private let bytes: [UInt8]
  private var position = 0

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  public var byteCount: Int64 { Int64(bytes.count) }

  public mutating func read(into buffer: inout OutputRawSpan) -> Int {
    let count = read(at: Int64(position), into: &buffer)
    position += count
    return count
  }

  public func read(at offset: Int64, into buffer: inout OutputRawSpan) -> Int {
    guard offset >= 0, offset < bytes.count else { return 0 }
    return buffer.append { free in
      let count = min(free.count, bytes.count - Int(offset))
      bytes.withUnsafeBytes { source in
        free.copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[Int(offset)..<Int(offset) + count]))
      }
      return count
    }
  }
}

/// Collects bytes in memory.
public struct MemoryWriter: ByteWriter, Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func write(_ content: RawSpan) {
    content.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }
}

extension OutputRawSpan {
  /// Lends the free part to `body`, which fills its beginning and returns by how much.
  @discardableResult
  package mutating func append<Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) -> Int {
    try withUnsafeMutableBytes { (bytes, initialized) throws(Failure) in
      let free = UnsafeMutableRawBufferPointer(rebasing: bytes[initialized...])
      guard free.count > 0 else { return 0 }
      let count = try body(free)
      initialized += count
      return count
    }
  }
}
