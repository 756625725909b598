import CairnCore
import SystemPackage
import Testing

@testable import CairnTree

/// Values that are written and read as streams.
@Suite struct StreamTests {
  /// Hands out a few bytes at a time, and fails after some.
  private struct Trickle: ByteReader {
    var bytes: ArraySlice<UInt8>
    var failsAfter = Int.max
    private var count = 0

    init(_ bytes: [UInt8], failsAfter: Int = .max) {
      self.bytes = bytes[...]
      self.failsAfter = failsAfter
    }

    mutating func read(into buffer: inout OutputRawSpan) throws(IOError) -> Int {
      if count >= failsAfter {
        throw IOError(.systemCall, operation: "read", subject: "the trickle", errno: .ioError)
      }
      let piece = bytes.prefix(min(1 + count % 1000, buffer.freeCapacity))
      for byte in piece { buffer.append(byte) }
      bytes = bytes.dropFirst(piece.count)
      count += piece.count
      return piece.count
    }
  }

  private func readAll(_ reader: some ByteReader, step: Int) throws -> [UInt8] {
    var reader = reader
    var bytes: [UInt8] = []
    while true {
      let piece = try [UInt8](unsafeUninitializedCapacity: step) { buffer, count in
        let raw = UnsafeMutableRawBufferPointer(buffer)
        var span = OutputRawSpan(buffer: raw, initializedCount: 0)
        _ = try reader.read(into: &span)
        count = span.finalize(for: raw)
      }
      if piece.isEmpty { return bytes }
      bytes += piece
    }
  }

  private func read<Tree>(
    _ reader: inout TreeValueReader<Tree>, at offset: Int64, _ count: Int
  ) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      var span = OutputRawSpan(buffer: raw, initializedCount: 0)
      _ = try reader.read(at: offset, into: &span)
      filled = span.finalize(for: raw)
    }
  }

  private static let room = 4096 - 48
  private static let lengths = [
    0, 1, 500, 900, 960, 1000, 1010, 1020, room - 1, room, room + 1, 2 * room - 1, 2 * room,
    2 * room + 1, 5 * room, 100_000, 70 * room + 5,
  ]

  @Test(arguments: [false, true]) func everyLengthComesBack(_ isWeighted: Bool) throws {
    let storage = MemoryStorage()
    let store = try TreeStore(on: storage, TreeStoreOptions(pageSize: 4096, cacheBytes: 0))
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions(isWeighted: isWeighted))
    let weight: UInt64 = isWeighted ? 3 : 0
    for round in 0..<3 {
      for (index, length) in Self.lengths.enumerated() {
        let bytes = SeededRandom.bytes(length, seed: UInt64(index + round))
        let key = [UInt8(index)]
        var source = Trickle(bytes + [1, 2, 3])
        let isNew = try !tree.put(
          key.span.bytes, from: &source, byteCount: Int64(length), weight: weight)
        #expect(isNew == (round == 0))
        // What is behind the value is still there to be read.
        #expect(Array(source.bytes) == [1, 2, 3])
        source = Trickle(bytes)
        #expect(try tree.put(key.span.bytes, from: &source, weight: weight))
        #expect(try tree.value(for: key.span.bytes) == bytes)
      }
    }
    try writing.commit(.checkpoint)
    #expect(try store.verify().problems == [])
    let snapshot = try store.beginReading().tree("t")
    #expect(try snapshot.totalWeight == UInt64(Self.lengths.count) * weight)
    for (index, length) in Self.lengths.enumerated() {
      let bytes = SeededRandom.bytes(length, seed: UInt64(index + 2))
      var reader = try #require(try snapshot.valueReader(for: ([UInt8(index)]).span.bytes))
      #expect(reader.byteCount == Int64(length))
      #expect(try readAll(reader, step: 1000) == bytes)
      var random = SeededRandom(UInt64(index))
      for _ in 0..<30 {
        let offset = Int(random.next() % UInt64(length + 10))
        let count = Int(random.next() % 9000) + 1
        #expect(
          try read(&reader, at: Int64(offset), count)
            == Array(bytes.dropFirst(offset).prefix(count)))
      }
      #expect(try read(&reader, at: -1, 10) == [])
      #expect(try read(&reader, at: .max, 10) == [])
      reader.position = Int64(length / 2)
      #expect(try readAll(reader, step: 333) == Array(bytes.dropFirst(length / 2)))
    }
    #expect(try snapshot.valueReader(for: ([200] as [UInt8]).span.bytes) == nil)
  }

  @Test func aValueIsCopiedWithinTheTree() throws {
    let store = try TreeStore(on: MemoryStorage(), TreeStoreOptions(pageSize: 4096, cacheBytes: 0))
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions()).typed(UInt8.self, [UInt8].self)
    let bytes = SeededRandom.bytes(50_000, seed: 3)
    try tree.put(1, bytes)
    var reader = try #require(try tree.valueReader(for: 1))
    try tree.put(2, from: &reader)
    #expect(try tree.value(for: 2) == bytes)
    // That was a change; the reader would read pages that are gone or of another value.
    reader.position = 0
    #expect(throws: IOError.self) { try readAll(reader, step: 10) }
    let error = #expect(throws: TreeError.self) { try read(&reader, at: 0, 10) }
    #expect(error?.code == .ended)
    try writing.commit()
    #expect(try store.verify().problems == [])
  }

  @Test func aSourceThatFailsLeavesTheTreeAsItWas() throws {
    let store = try TreeStore(on: MemoryStorage(), TreeStoreOptions(pageSize: 4096, cacheBytes: 0))
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions(isWeighted: true))
    let (key, other) = ([UInt8(1)], [UInt8(2)])
    let old = SeededRandom.bytes(20_000, seed: 4)
    try tree.put(key.span.bytes, old.span.bytes, weight: .max - 1)
    for (count, limit) in [(100, 50), (900, 899), (30_000, 10), (30_000, 4048), (30_000, 29_000)] {
      var source = Trickle(SeededRandom.bytes(count, seed: 5), failsAfter: limit)
      var error = #expect(throws: TreeError.self) {
        try tree.put(key.span.bytes, from: &source, weight: 1)
      }
      #expect(error?.code == .source && error?.cause?.errno == .ioError)
      source = Trickle(SeededRandom.bytes(count, seed: 5))
      error = #expect(throws: TreeError.self) {
        try tree.put(key.span.bytes, from: &source, byteCount: Int64(count) + 1)
      }
      #expect(error?.code == .source)
      source = Trickle(SeededRandom.bytes(count, seed: 5))
      error = #expect(throws: TreeError.self) {
        try tree.put(other.span.bytes, from: &source, weight: 2)
      }
      #expect(error?.code == .invalid)
      source = Trickle([])
      #expect(throws: TreeError.self) {
        try tree.put(other.span.bytes, from: &source, byteCount: -1)
      }
    }
    #expect(try tree.entries(in: 0..<10) == [TreeEntry(key: key, value: old, weight: .max - 1)])
    try writing.commit(.checkpoint)
    // Also says whether a page was lost.
    #expect(try store.verify().problems == [])
  }

  @Test func valuesOfFixedWidthAreReadWhole() throws {
    let store = try TreeStore(on: MemoryStorage())
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions(keyWidth: 1, valueWidth: 4))
    for (bytes, isRight) in [([1, 2, 3, 4], true), ([1, 2, 3], false), ([1, 2, 3, 4, 5], false)]
      as [([UInt8], Bool)]
    {
      var source = MemoryReader(bytes)
      let stored: Void? = try? { _ = try tree.put(([7] as [UInt8]).span.bytes, from: &source) }()
      #expect((stored != nil) == isRight)
    }
    #expect(try tree.value(for: ([7] as [UInt8]).span.bytes) == [1, 2, 3, 4])
  }

  @Test func damagedChainsAreErrors() throws {
    let storage = MemoryStorage()
    let store = try TreeStore(on: storage, TreeStoreOptions(pageSize: 4096))
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions())
    let bytes = SeededRandom.bytes(50_000, seed: 8)
    try tree.put(([1] as [UInt8]).span.bytes, bytes.span.bytes)
    try writing.commit(.checkpoint)
    for page in 2..<storage.bytes.count / 4096 {
      var damaged = storage.bytes
      damaged[page * 4096 + 36] ^= 4
      let checksum = damaged[page * 4096..<(page + 1) * 4096].withUnsafeBytes {
        BlockChecksum.of($0.baseAddress!, 4096)
      }
      withUnsafeBytes(of: checksum.littleEndian) {
        damaged.replaceSubrange(page * 4096..<page * 4096 + 8, with: $0)
      }
      guard let store = try? TreeStore(on: MemoryStorage(damaged), TreeStoreOptions(cacheBytes: 0)),
        let reader = try? store.beginReading().tree("t").valueReader(
          for: ([1] as [UInt8]).span.bytes)
      else { continue }
      // The last page's reference is not looked at.
      if let found = try? readAll(reader, step: 4096) { #expect(found == bytes) }
    }
  }
}
