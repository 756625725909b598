import CairnCore
import SystemPackage
import Testing

@testable import CairnIntern

@Suite struct FrozenDamageTests {
  private let scratch: ScratchFile

  init() throws {
    scratch = try ScratchFile()
  }

  private func smallFile(_ options: ArenaOptions = ArenaOptions(seed: 5)) throws -> [UInt8] {
    var arena = try NameArena(options)
    for name in names(20) { _ = try arena.intern(name) }
    var writer = MemoryWriter()
    try arena.freeze(to: &writer)
    return writer.bytes
  }

  /// How opening a file of these bytes fails; `nil` if it does not.
  private func failure(
    _ bytes: [UInt8], checking check: FrozenCheck = .everything
  ) throws -> InternError? {
    try scratch.set(bytes)
    do throws(InternError) {
      _ = try FrozenNames(opening: scratch.descriptor, checking: check)
      return nil
    } catch {
      return error
    }
  }

  @Test func everyFlippedBitIsRefused() throws {
    for options in [ArenaOptions(seed: 5), ArenaOptions(granule: .four, isNumbered: true, seed: 6)]
    {
      let file = try smallFile(options)
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
  }

  @Test func everyOtherLengthIsRefused() throws {
    let file = try smallFile()
    for length in 0..<file.count {
      let error = try failure(Array(file[..<length]))
      #expect(error?.code == (length == 0 ? .unknownFormat : .truncated))
    }
    #expect(try failure(file + [0])?.code == .damaged)
    #expect(try failure(file + file)?.code == .damaged)
  }

  @Test func saysWhatIsWrong() throws {
    let file = try smallFile()
    #expect(try failure(Array("#!/bin/sh\n".utf8))?.code == .unknownFormat)
    var newer = file
    newer[8] = 2
    #expect(try failure(newer)?.code == .unknownVersion)
    var damaged = file
    damaged[FrozenHeader.size] ^= 1
    let error = try #require(try failure(damaged))
    #expect(error.code == .damaged)
    #expect(
      "\(error)" == "this frozen string arena is damaged, its strings do not have their checksum: "
        + "use another copy")
    let missing = #expect(throws: InternError.self) {
      _ = try FrozenNames(opening: "/nowhere/at/all")
    }
    #expect(missing?.code == .io)
    #expect("\(try #require(missing))".contains("cannot open /nowhere/at/all"))
    let folder = #expect(throws: InternError.self) { _ = try FrozenNames(opening: "/") }
    #expect(folder?.code == .io)
  }

  /// A file with every checksum right, as its maker wants it.
  private func forged(_ file: [UInt8], _ change: (inout [UInt8]) -> Void) throws -> [UInt8] {
    let header = try file.withRawBytes { (bytes) throws(InternError) in
      try FrozenHeader(bytes, fileSize: bytes.count)
    }
    var forged = file
    change(&forged)
    func checksum(_ range: Range<Int>) -> [UInt8] {
      let sum = Array(forged[range]).withRawBytes { XXH64.checksum(of: $0) }
      return withUnsafeBytes(of: sum.littleEndian) { Array($0) }
    }
    forged.replaceSubrange(80..<88, with: checksum(FrozenHeader.size..<header.recordEnd))
    forged.replaceSubrange(88..<96, with: checksum(header.tableStart..<forged.count))
    forged.replaceSubrange(120..<128, with: checksum(0..<120))
    return forged
  }

  /// Nothing relies on checksums alone: single bytes changed by somebody who can make them right.
  @Test func forgedFilesAreRefusedOrSound() throws {
    let file = try smallFile()
    #expect(try failure(forged(file) { _ in }) == nil)
    var accepted = 0
    for position in 0..<file.count {
      for change: UInt8 in [1, 0x80] {
        let forged = try forged(file) { $0[position] ^= change }
        try scratch.set(forged)
        for check in [FrozenCheck.everything, .header] {
          do {
            let frozen = try FrozenNames(opening: scratch.descriptor, checking: check)
            if check == .everything { accepted += 1 }
            use(frozen, isSound: check == .everything)
          } catch {}
        }
      }
    }
    // Bits of the filters that lead on from full groups, and the spare numbers of others, are free.
    print("\(accepted) of \(file.count * 2) forged files were accepted")
    #expect(accepted < file.count)
  }

  private func use(_ frozen: FrozenNames, isSound: Bool) {
    _ = frozen.symbol(for: "none of them")
    for name in names(20) { _ = frozen.symbol(for: name) }
    for rawValue in 0..<UInt32(40) {
      guard let symbol = NameArena.Symbol(rawValue: rawValue) else { continue }
      let isKnown = frozen.contains(symbol)
      if isKnown { #expect(frozen.bytes(of: symbol).byteCount <= frozen.byteCount) }
    }
    var count = 0
    frozen.forEach { symbol, bytes in
      count += 1
      if isSound { #expect(frozen.symbol(for: bytes) == symbol) }
    }
    if isSound { #expect(count == frozen.count) }
  }

  @Test func impossibleSizesAreRefused() throws {
    let file = try smallFile()
    for (offset, value) in [
      (16, UInt64.max), (24, .max), (32, .max), (40, .max), (16, 21), (16, 19), (24, 0), (32, 0),
      (24, 1 << 32), (32, 1 << 58), (40, 0),
    ] {
      let forged = try forged(file) { bytes in
        bytes.replaceSubrange(
          offset..<offset + 8, with: withUnsafeBytes(of: value.littleEndian) { Array($0) })
      }
      #expect(try failure(forged)?.code == .damaged)
    }
  }
}
