import Foundation
import SystemPackage
import Testing

@testable import CairnCore

@Suite struct UncachedWriterTests {
  private static let capacity = 64 << 10

  /// Writes content in pieces, as far as the buffer has room for each.
  private func write(
    _ content: [UInt8], inPiecesOf size: Int, to writer: UncachedWriter
  ) throws {
    var rest = content[...]
    while !rest.isEmpty {
      if writer.buffer.free.count < size { try writer.writeBlocks() }
      Array(rest.prefix(size)).withUnsafeBytes { writer.buffer.append($0) }
      rest = rest.dropFirst(size)
    }
    try writer.finish()
  }

  private func content(of file: FileDescriptor, _ count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count + 1) { (buffer, filled) throws(Errno) in
      filled = try file.readFully(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// The temporary directory is on a disk; shared memory has a page cache and nothing else.
  private static let directories = [NSTemporaryDirectory(), "/dev/shm"].filter {
    FileManager.default.isWritableFile(atPath: $0)
  }

  @Test(
    arguments: directories,
    [0, 1, 4095, 4096, 4097, capacity - 1, capacity, capacity + 1, 5 * capacity + 123])
  func writesWhatItIsGiven(directory: String, count: Int) throws {
    let spool = try SpooledFile(in: FilePath(directory))
    var random = SeededRandom(UInt64(count))
    let bytes = random.bytes(count)
    let writer = UncachedWriter(spool.file, capacity: Self.capacity)
    try write(bytes, inPiecesOf: 1000, to: writer)
    #expect(writer.writtenCount == Int64(count))
    #expect(try content(of: spool.file, count) == bytes)
  }

  @Test func leavesAnOrdinaryFileBehind() throws {
    let spool = try SpooledFile(in: FilePath(NSTemporaryDirectory()))
    let flags = fcntl(spool.file.rawValue, F_GETFL)
    let writer = UncachedWriter(spool.file, capacity: Self.capacity)
    try write([UInt8](repeating: 7, count: 5000), inPiecesOf: 100, to: writer)
    #expect(fcntl(spool.file.rawValue, F_GETFL) == flags)
    // Neither aligned nor a whole block.
    try [1, 2, 3].withRawBytes { (bytes) throws(Errno) in
      try spool.file.writeFully(at: 5, bytes)
    }
    #expect(try content(of: spool.file, 10) == [7, 7, 7, 7, 7, 1, 2, 3, 7, 7, 7])
  }

  /// Blocks of 64 bytes are none of a disk, so the first write past the cache is refused.
  @Test func goesOnThroughTheCacheWhenRefused() throws {
    let spool = try SpooledFile(in: FilePath(NSTemporaryDirectory()))
    let writer = UncachedWriter(spool.file, capacity: Self.capacity, blockSize: 64)
    let bytes = [UInt8](repeating: 9, count: 3 * Self.capacity + 10)
    try write(bytes, inPiecesOf: 777, to: writer)
    #expect(try content(of: spool.file, bytes.count) == bytes)
  }

  @Test func tellsOfAnError() throws {
    let full = try FileDescriptor.open("/dev/full", .writeOnly)
    defer { try? full.close() }
    let writer = UncachedWriter(full, capacity: Self.capacity)
    writer.buffer.append(1)
    #expect(throws: Errno.noSpace) { try writer.finish() }
  }
}
