import SystemPackage
import Testing

@testable import CairnCore

@Suite struct StreamTests {
  /// Reads until the end, `step` bytes of room at a time.
  private func readAll(_ reader: inout some ByteReader, step: Int) throws -> [UInt8] {
    var all: [UInt8] = []
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: step, alignment: 1)
    defer { memory.deallocate() }
    while true {
      var output = OutputRawSpan(buffer: memory, initializedCount: 0)
      let said = try reader.read(into: &output)
      let count = output.finalize(for: memory)
      #expect(said == count)
      if count == 0 { return all }
      all.append(contentsOf: memory[..<count])
    }
  }

  private func read(
    _ reader: some RandomAccessReader, at offset: Int64, count: Int
  ) throws -> [UInt8] {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { memory.deallocate() }
    var output = OutputRawSpan(buffer: memory, initializedCount: 0)
    let said = try reader.read(at: offset, into: &output)
    let read = output.finalize(for: memory)
    #expect(said == read)
    return Array(memory[..<read])
  }

  private func withFile(
    _ content: [UInt8], _ body: (FileDescriptor) throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      let file = try directory.appending("file").openNew(permissions: [.ownerReadWrite])
      defer { try? file.close() }
      try content.withRawBytes { (bytes) throws(Errno) in try file.writeFully(at: 0, bytes) }
      try body(file)
    }
  }

  @Test(arguments: [1, 7, 4096])
  func aFileIsReadToItsEnd(step: Int) async throws {
    var random = SeededRandom(1)
    let content = random.bytes(10_000)
    try await withFile(content) { (file) throws in
      var reader = FileReader(file)
      #expect(try readAll(&reader, step: step) == content)
    }
  }

  @Test func aPipeIsReadToItsEndInWhateverPiecesItGives() async throws {
    var random = SeededRandom(2)
    let content = random.bytes(300_000)
    let (readEnd, writeEnd) = try FileDescriptor.pipe()
    async let written: Void = ThreadPool.engines.run { () throws(IOError) in
      defer { try? writeEnd.close() }
      var writer = FileWriter(writeEnd)
      // More than a pipe holds, so that the writer is interrupted in the middle.
      try writer.write(content.span.bytes)
    }
    let found = try await ThreadPool.engines.run { () throws -> [UInt8] in
      var reader = FileReader(readEnd)
      return try self.readAll(&reader, step: 100_000)
    }
    try await written
    try readEnd.close()
    #expect(found == content)
  }

  @Test func errorsNameTheStream() async throws {
    try await withTemporaryDirectory { directory in
      let folder = try FileDescriptor.open(directory, .readOnly)
      defer { try? folder.close() }
      let error = #expect(throws: IOError.self) {
        var reader = FileReader(folder, name: "the folder")
        _ = try self.readAll(&reader, step: 10)
      }
      #expect(error?.errno == .isDirectory)
      #expect(error?.subject == "the folder")
      let writing = #expect(throws: IOError.self) {
        var writer = FileWriter(folder, name: "the folder")
        try writer.write(([1, 2, 3] as [UInt8]).span.bytes)
      }
      #expect(writing?.errno == .badFileDescriptor)
    }
  }

  @Test func aWindowShowsItsPartOfTheFileAndNoMore() async throws {
    let content = (0..<100).map { UInt8($0) }
    try await withFile(content) { (file) throws in
      let window = FileWindow(file, offset: 20, byteCount: 30)
      #expect(try read(window, at: 0, count: 30) == Array(20..<50))
      #expect(try read(window, at: 25, count: 30) == Array(45..<50))
      #expect(try read(window, at: 30, count: 30).isEmpty)
      #expect(try read(window, at: 31, count: 30).isEmpty)
      #expect(try read(window, at: .max / 2, count: 30).isEmpty)
      #expect(try read(window, at: 3, count: 0).isEmpty)
    }
  }

  @Test func aWindowBeyondTheEndOfTheFileGivesWhatThereIs() async throws {
    let content = (0..<100).map { UInt8($0) }
    try await withFile(content) { (file) throws in
      let window = FileWindow(file, offset: 90, byteCount: 30)
      #expect(try read(window, at: 0, count: 30) == Array(90..<100))
      #expect(try read(window, at: 10, count: 30).isEmpty)
    }
  }

  @Test(arguments: [1, 3, 100])
  func memoryIsReadLikeAFile(step: Int) throws {
    let content = (0..<50).map { UInt8($0) }
    var reader = MemoryReader(content)
    #expect(try readAll(&reader, step: step) == content)
    #expect(try read(reader, at: 45, count: 10) == Array(45..<50))
    #expect(try read(reader, at: 50, count: 10).isEmpty)
    #expect(try read(reader, at: -1, count: 10).isEmpty)
  }

  @Test func memoryCollectsWhatIsWritten() {
    var writer = MemoryWriter()
    writer.write(([1, 2] as [UInt8]).span.bytes)
    writer.write(([3] as [UInt8]).span.bytes)
    #expect(writer.bytes == [1, 2, 3])
  }
}
