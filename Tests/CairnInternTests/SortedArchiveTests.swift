import CairnCore
import SystemPackage
import Testing

@testable import CairnIntern

@Suite struct SortedArchiveTests {
  private let scratch: ScratchFile

  init() throws {
    scratch = try ScratchFile()
  }

  private func file(_ strings: [[UInt8]]) throws -> [UInt8] {
    var arena = try NameArena()
    for string in strings { _ = try arena.intern(string) }
    var writer = MemoryWriter()
    try arena.archive(to: &writer)
    return writer.bytes
  }

  private func open(
    _ bytes: [UInt8], checking check: FrozenCheck = .everything
  ) throws -> SortedStringArchive {
    try scratch.set(bytes)
    return try SortedStringArchive(opening: scratch.descriptor, checking: check)
  }

  private func failure(_ bytes: [UInt8]) throws -> InternError.Code? {
    do {
      _ = try open(bytes)
      return nil
    } catch {
      return (error as? InternError)?.code
    }
  }

  @Test func isASortedListOfTheStrings() throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    for count in [0, 1, 2, 15, 16, 17, 31, 32, 33, 1000] {
      let strings = (0..<count).map { _ in random.someBytes() }
      let sorted = Array(Set(strings)).sorted { $0.lexicographicallyPrecedes($1) }
      let archive = try open(file(strings))
      #expect(archive.count == sorted.count)
      #expect(Array(archive) == sorted)
      for (position, string) in sorted.enumerated() {
        #expect(try archive.position(of: string.span.bytes) == position)
      }
      // What is not there belongs before the first that is larger.
      for _ in 0..<200 {
        let other = random.someBytes() + [random.next(upperBound: 3)]
        let place = sorted.firstIndex { !$0.lexicographicallyPrecedes(other) } ?? sorted.count
        #expect(try archive.firstPosition(notBefore: other.span.bytes) == place)
        let isThere = place < sorted.count && sorted[place] == other
        #expect(try archive.position(of: other.span.bytes) == (isThere ? place : nil))
      }
      for range in [0..<sorted.count, 0..<0, sorted.count / 3..<sorted.count / 2] {
        var found: [[UInt8]] = []
        archive.forEach(in: range) { position, bytes in
          #expect(position == range.lowerBound + found.count)
          found.append(bytes.withUnsafeBytes { Array($0) })
        }
        #expect(found == Array(sorted[range]))
      }
    }
  }

  @Test func pathsTakeHalfOfTheirLength() throws {
    let paths = (0..<5000).map { Array("usr/share/doc/package-\($0 / 10)/file-\($0)".utf8) }
    let bytes = try file(paths)
    #expect(bytes.count < paths.reduce(0) { $0 + $1.count } / 2)
  }

  @Test func frozenArenasAreArchivedToo() async throws {
    try await withTemporaryDirectory { folder in
      var arena = try NameArena()
      for name in names(500) { _ = try arena.intern(name) }
      try arena.freeze(to: folder.appending("frozen"))
      try arena.archive(to: folder.appending("first"))
      let frozen = try FrozenStringArena<Names>(opening: folder.appending("frozen"))
      try frozen.archive(to: folder.appending("second"))
      let first = try SortedStringArchive(opening: folder.appending("first"))
      let second = try SortedStringArchive(opening: folder.appending("second"))
      #expect(first.count == 500)
      #expect(Array(first) == Array(second))
      #expect(first.byteCount == second.byteCount)
    }
  }

  @Test func everyFlippedBitIsRefused() throws {
    let file = try file(names(40).map { Array($0.utf8) })
    #expect(try failure(file) == nil)
    for bit in 0..<file.count * 8 {
      var damaged = file
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      guard try failure(damaged) != nil else {
        Issue.record("bit \(bit) may be flipped")
        return
      }
    }
  }

  @Test func everyOtherLengthIsRefused() throws {
    let file = try file(names(40).map { Array($0.utf8) })
    for length in 0..<file.count {
      #expect(try failure(Array(file[..<length])) == (length == 0 ? .unknownFormat : .truncated))
    }
    #expect(try failure(file + [0]) == .damaged)
    var newer = file
    newer[8] = 2
    #expect(try failure(newer) == .unknownVersion)
    #expect(try failure(Array("#!/bin/sh\n".utf8)) == .unknownFormat)
  }

  /// Bytes changed by somebody who can make the checksums right: refused or sound when checked, and
  /// errors or other strings, nothing worse, when not.
  @Test func forgedFilesAreRefusedOrSound() throws {
    let original = try file(names(40).map { Array($0.utf8) })
    let header = try original.withRawBytes { (bytes) throws(InternError) in
      try SortedHeader(bytes)
    }
    func forged(_ position: Int, _ change: UInt8) -> [UInt8] {
      var file = original
      file[position] ^= change
      func checksum(_ range: Range<Int>) -> [UInt8] {
        let sum = Array(file[range]).withRawBytes { XXH64.checksum(of: $0) }
        return withUnsafeBytes(of: sum.littleEndian) { Array($0) }
      }
      file.replaceSubrange(40..<48, with: checksum(SortedHeader.size..<header.blocksEnd))
      file.replaceSubrange(48..<56, with: checksum(header.indexStart..<file.count))
      file.replaceSubrange(56..<64, with: checksum(0..<56))
      return file
    }
    var accepted = 0
    for position in 0..<original.count {
      for change: UInt8 in [1, 0x80] {
        let file = forged(position, change)
        if let archive = try? open(file) {
          accepted += 1
          let lost = try archive.filter { try archive.position(of: $0.span.bytes) == nil }
          if !lost.isEmpty { Issue.record("\(position) ^ \(change): \(lost)") }
        }
        guard let archive = try? open(file, checking: .header) else { continue }
        for place in archive.indices { _ = try? archive.bytes(checking: place) }
        for name in names(8) { _ = try? archive.position(of: name.utf8.span.bytes) }
        var longest = 0
        archive.forEach(in: 0..<archive.count) { longest = max(longest, $1.byteCount) }
        if longest > archive.byteCount { Issue.record("\(position) ^ \(change): \(longest)") }
      }
    }
    // Letters that leave the order as it is, and the checksums themselves, which are made right.
    print("\(accepted) of \(original.count * 2) forged archives were accepted")
    #expect(accepted > 0 && accepted < original.count * 2)
  }
}

extension SeededRandom {
  fileprivate mutating func next(upperBound: UInt8) -> UInt8 {
    UInt8.random(in: 0..<upperBound, using: &self)
  }
}
