import CairnChunks
import CairnCrypto
import CairnTargetKit
import Testing

@testable import CairnParity

/// The decorator on targets in memory.
@Suite struct TargetTests {
  private let base = MemoryTarget()
  private var parity: ParityTarget { ParityTarget(base, small, protecting: ["packs/"]) }

  /// A blob that is named by its content, as packs are.
  private func pack(_ bytes: [UInt8]) -> String {
    "packs/\(SHA256.hash(of: bytes.span.bytes))"
  }

  private func sidecar(_ name: String) -> String { "parity/of/\(name)" }

  private static let examined = TargetConformance.Options(
    listedNames: 1100, largeBlobSize: 3 << 20 + 5)

  @Test func conformance() async throws {
    let report = await TargetConformance(Self.examined) {
      ParityTarget(MemoryTarget(), small, protecting: ["check-"])
    } openingAgain: { target in
      ParityTarget((target as! ParityTarget).base, .standard, protecting: ["check-"])
    }.run()
    #expect(report.isSound, "\(report)")
  }

  @Test func conformanceOfTheMendedView() async throws {
    let report = await TargetConformance(Self.examined) {
      ParityTarget(MemoryTarget(), small, protecting: ["check-"])
    } readingThrough: { target in
      (target as! ParityTarget).mended
    }.run()
    #expect(report.isSound, "\(report)")
  }

  @Test func sidecarsAreBesideAndHidden() async throws {
    var random = SeededRandom(1)
    let names = ["a", "packs/one", "packs/two", "parit", "parity0", "z"]
    for name in names { try await parity.put(name, random.bytes(300)) }
    let hidden = [sidecar("packs/one"), sidecar("packs/two")]
    #expect(try await base.names() == (names + hidden).sorted())
    #expect(try await parity.names() == names)
    #expect(try await parity.names("parity") == ["parity0"])
    #expect(try await parity.names("parity/") == [])
    for limit in 0..<8 {
      let page = try await parity.list("", after: nil, limit: limit)
      #expect(page.map(\.name.description) == Array(names.prefix(limit)))
      let rest = try await parity.list("", after: blobName("packs/two"), limit: limit)
      #expect(rest.map(\.name.description) == Array(["parit", "parity0", "z"].prefix(limit)))
    }
    #expect(try await parity.size(of: blobName(hidden[0])) == nil)
    #expect(try await failure { _ = try await parity.get(hidden[0]) }.code == .missing)
    #expect(try await failure { try await parity.put(hidden[0], []) }.code == .targetFailed)
    try await parity.delete(blobName(hidden[0]))
    #expect(try await base.size(of: blobName(hidden[0])) != nil)
    try await parity.delete(blobName("packs/one"))
    #expect(try await base.names("parity/") == [hidden[1]])
  }

  /// Damage of every kind, to some packs of a place; nothing but what parity cannot do stays.
  @Test(arguments: 0..<8) func scrubMendsWhatItCan(round: Int) async throws {
    let seed = SeededRandom.newSeed
    var random = SeededRandom(seed)
    for _ in 0..<12 {
      let bytes = random.bytes(.random(in: 0...3000, using: &random))
      try await parity.put(pack(bytes), bytes)
    }
    let sound = try await base.contents()
    var (mendable, lost): (Set<String>, Set<String>) = ([], [])
    for name in try await parity.names() {
      let bytes = try #require(sound[name])
      let layout = try #require(ParityLayout(of: Int64(bytes.count), small))
      switch Int.random(in: 0..<7, using: &random) {
      case 0 where !bytes.isEmpty:
        // A run of as many shards as there are of parity.
        let start = Int.random(in: 0..<bytes.count, using: &random)
        let count = (layout.parityCount - 1) * layout.shardSize + 1
        try await base.rot(name) {
          for place in start..<min(start + count, bytes.count) { $0[place] ^= 0x11 }
        }
        mendable.insert(name)
      case 1 where !bytes.isEmpty:
        let count = Int.random(in: 1...min(bytes.count, layout.parityCount), using: &random)
        try await base.rot(name) { $0.removeLast(count) }
        mendable.insert(name)
      case 2:
        try await base.rot(name) { $0.append(0) }
        mendable.insert(name)
      case 3 where layout.shards > layout.parityCount:
        try await base.rot(name) { for place in $0.indices { $0[place] ^= 0x77 } }
        lost.insert(name)
      case 4:
        // Both, one shard each.
        guard !bytes.isEmpty else { continue }
        let place = Int.random(in: 0..<bytes.count, using: &random)
        let other = Int.random(in: 0..<layout.sidecarSize, using: &random)
        try await base.rot(name) { $0[place] ^= 4 }
        try await base.rot(sidecar(name)) { $0[other] ^= 4 }
        mendable.insert(name)
      default: continue
      }
    }
    let damaged = try await base.contents()
    let first = try await parity.scrub()
    #expect(Set(first.blobs(.mendable).map(\.description)) == mendable, "seed \(seed)")
    #expect(Set(first.blobs(.lost).map(\.description)) == lost, "seed \(seed)")
    #expect(first.isSound == (mendable.isEmpty && lost.isEmpty), "seed \(seed)")
    #expect(try await base.contents() == damaged, "seed \(seed)")

    for name in mendable {
      let view = parity.mended
      let bytes = try #require(sound[name])
      #expect(try await view.get(name) == bytes, "seed \(seed)")
      #expect(try await view.size(of: blobName(name)) == Int64(bytes.count), "seed \(seed)")
      for _ in 0..<5 {
        let start = Int.random(in: 0...bytes.count + 70, using: &random)
        let end = start + Int.random(in: 0...200, using: &random)
        let expected = bytes[min(start, bytes.count)..<min(end, bytes.count)]
        #expect(
          try await view.get(name, Int64(start)..<Int64(end)) == Array(expected), "seed \(seed)")
      }
    }
    for name in lost {
      #expect(try await failure { _ = try await parity.mended.get(name) }.code == .damaged)
    }

    let second = try await parity.scrub(mending: true)
    #expect(Set(second.blobs(.mended).map(\.description)) == mendable, "seed \(seed)")
    #expect(second.isSound == lost.isEmpty, "seed \(seed)")
    var expected = sound
    for name in lost { expected[name] = damaged[name] }
    #expect(try await base.contents() == expected, "seed \(seed)")
    let third = try await parity.scrub(mending: true)
    #expect(third.findings.map(\.blob.description) == lost.sorted(), "seed \(seed)")
  }

  @Test func damagedSidecarsAreWrittenAgain() async throws {
    let seed = SeededRandom.newSeed
    var random = SeededRandom(seed)
    let bytes = random.bytes(2000)
    let name = pack(bytes)
    try await parity.put(name, bytes)
    let sound = try await base.contents()
    let count = try #require(sound[sidecar(name)]?.count)
    let changes: [(inout [UInt8]) -> Void] = [
      { $0[Int.random(in: 0..<count)] ^= 1 }, { $0.removeLast(500) }, { $0 = [] },
      { $0 += [1] }, { $0 = [UInt8](repeating: 0, count: count) },
      { for place in 40..<600 { $0[place] = 0 } },
    ]
    for (number, change) in changes.enumerated() {
      try await base.rot(sidecar(name), change)
      let finding = try await parity.examine(blobName(name))
      #expect(finding.state == .sound && finding.sidecar == .mendable, "seed \(seed), \(number)")
      let report = try await parity.scrub(mending: true)
      #expect(
        report.isSound && report.findings.map(\.sidecar) == [.mended], "seed \(seed), \(number)")
      #expect(try await base.contents() == sound, "seed \(seed), \(number)")
    }
  }

  /// Nothing tells whether the blob is right: it gets parity as it is, and the report says so once.
  @Test func uselessSidecarOfABlobWithoutDigestIsMadeAnew() async throws {
    var random = SeededRandom(2)
    try await parity.put("packs/a", random.bytes(700))
    let sound = try await base.contents()
    try await base.rot(sidecar("packs/a")) { $0 = [1, 2, 3] }
    #expect(try await parity.scrub().isSound == false)
    let report = try await parity.scrub(mending: true)
    #expect(report.findings.map(\.state) == [.unprotected] && !report.isSound)
    #expect(report.findings.map(\.sidecar) == [.mended] && report.unprotected == 0)
    #expect(try await base.contents() == sound)
    #expect(try await parity.scrub().findings.isEmpty)
    // Of one with a digest, that tells.
    let bytes = random.bytes(700)
    try await base.put(pack(bytes), random.bytes(700))
    try await base.put(sidecar(pack(bytes)), [1, 2, 3])
    #expect(try await parity.mend(blobName(pack(bytes))).state == .lost)
    #expect(try await base.get(sidecar(pack(bytes))) == [1, 2, 3])
  }

  /// The checksums are all wrong; the name says that the blob is right.
  @Test func nameIsBelievedBeforeChecksums() async throws {
    var random = SeededRandom(3)
    let (bytes, other) = (random.bytes(2000), random.bytes(2000))
    try await parity.put(pack(bytes), bytes)
    try await parity.put(pack(other), other)
    let sound = try await base.contents()
    let forged = try #require(sound[sidecar(pack(other))])
    try await base.rot(sidecar(pack(bytes))) { $0 = forged }
    let finding = try await parity.examine(blobName(pack(bytes)))
    #expect(finding.state == .sound && finding.sidecar == .mendable)
    // Even where that would "mend" it, it is left.
    try await base.rot(pack(bytes)) { $0[0] ^= 1 }
    #expect(try await parity.mend(blobName(pack(bytes))).state == .lost)
    try await base.rot(pack(bytes)) { $0[0] ^= 1 }
    #expect(try await parity.mend(blobName(pack(bytes))).sidecar == .mended)
    #expect(try await base.contents() == sound)
  }

  @Test func whatTheDiskDoesNotReadIsMended() async throws {
    let disk = BadSectors()
    let parity = ParityTarget(disk)
    var random = SeededRandom(5)
    let bytes = random.bytes(1 << 20)
    let name = pack(bytes)
    try await parity.put(name, bytes)
    disk.spoil(name, 100_000..<130_000)
    disk.spoil(name, 900_000..<900_001)
    disk.spoil(sidecar(name), 9000..<9001)
    #expect(try await parity.scrub().blobs(.mendable) == [blobName(name)])
    #expect(try await parity.mended.get(name) == bytes)
    #expect(try await parity.scrub(mending: true).blobs(.mended) == [blobName(name)])
    #expect(try await disk.get(name) == bytes)
    #expect(try await parity.scrub().findings.isEmpty)
  }

  @Test func putReplacesOnlySidecarsThatTellSomethingElse() async throws {
    var random = SeededRandom(6)
    let bytes = random.bytes(5000)
    let other = ParityTarget(base, .standard, protecting: ["packs/"])
    try await other.put("packs/a", bytes)
    let first = try await base.contents()
    try await parity.put("packs/a", bytes)
    #expect(try await base.contents() == first)
    // A blob that was deleted without this, and its name used again.
    let next = random.bytes(5000)
    try await base.delete(blobName("packs/a"))
    try await parity.put("packs/a", next)
    #expect(try await parity.scrub().isSound)
    #expect(try await parity.examine(blobName("packs/a")).state == .sound)
    try await base.rot(sidecar("packs/a")) { $0[50] ^= 1 }
    try await parity.put("packs/a", next)
    #expect(try await parity.examine(blobName("packs/a")).sidecar == .sound)
  }

  @Test func protectMakesWhatIsMissing() async throws {
    var random = SeededRandom(8)
    var names: [String] = []
    for size in [0, 1, 500, 70_000] {
      let bytes = random.bytes(size)
      names.append(pack(bytes))
      try await (size == 1 ? parity : base as any Target).put(names.last!, bytes)
    }
    let rotten = random.bytes(100)
    try await base.put(pack(rotten), random.bytes(100))
    try await parity.put("packs/gone", [1])
    try await base.delete(blobName("packs/gone"))
    #expect(try await parity.scrub().unprotected == 4)
    let report = try await parity.protect()
    #expect(report.protected == 3 && report.protectedBefore == 1 && report.removedSidecars == 1)
    #expect(report.damaged == [blobName(pack(rotten))] && report.unprotected.isEmpty)
    #expect(try await base.names("parity/") == names.map(sidecar).sorted())
    #expect(try await parity.scrub().unprotected == 1)
    let again = try await parity.protect()
    #expect(again.protected == 0 && again.protectedBefore == 4 && again.removedSidecars == 0)
  }

  /// A mending that is cut short before each of its calls, and another one after it.
  @Test func mendingMayBeCutShortAnywhere() async throws {
    var random = SeededRandom(9)
    let bytes = random.bytes(3000)
    for stop in 0... {
      let place = MemoryTarget()
      let parity = ParityTarget(place, small)
      try await parity.put(pack(bytes), bytes)
      let sound = try await place.contents()
      try await place.rot(pack(bytes)) { $0[700] ^= 1 }
      try await place.rot(sidecar(pack(bytes))) { $0[100] ^= 1 }
      let faulty = FaultyTarget(place) { call in
        call.number >= stop ? TargetFault(.before) : nil
      }
      let isDone = (try? await ParityTarget(faulty, small).mend(blobName(pack(bytes)))) != nil
      // What is there now is the blob, or can be made to be.
      let seen = try await parity.scrub()
      #expect(
        seen.findings.allSatisfy { [.sound, .mendable].contains($0.state) }, "stop \(stop)")
      let report = try await parity.scrub(mending: true)
      #expect(report.isSound, "stop \(stop)")
      _ = try await parity.protect()
      #expect(try await place.contents() == sound, "stop \(stop)")
      if isDone {
        #expect(stop > 8)
        break
      }
    }
  }

  @Test func deletedBlobsStayDeleted() async throws {
    var random = SeededRandom(10)
    let bytes = random.bytes(1000)
    try await parity.put(pack(bytes), bytes)
    try await base.put("parity/mended/\(pack(bytes))", bytes)
    try await parity.delete(blobName(pack(bytes)))
    let report = try await parity.scrub(mending: true)
    #expect(report.findings.isEmpty && report.blobs == 0)
    #expect(try await base.names() == [])
  }

  @Test func settingsAreFoundAgain() async throws {
    #expect(try await ParityTarget.open(on: base) == nil)
    let made = try await ParityTarget.keepParity(on: base, small)
    #expect(made.options == small)
    #expect(try await ParityTarget.open(on: base)?.options == small)
    #expect(try await ParityTarget.keepParity(on: base).options == small)
    #expect(try await made.names() == [])
    try await base.rot("parity/settings") { $0[12] ^= 1 }
    #expect(try await ParityTarget.open(on: base)?.options == .standard)
    try await base.rot("parity/settings") { $0 = Array("CAIRNPAS".utf8) }
    #expect(try await ParityTarget.open(on: base)?.options == .standard)
    var newer = small.bytes
    newer[8] = 2
    let checksum = newer[..<24].withUnsafeBytes { Checksum.of($0) }
    newer.replaceSubrange(24..<32, with: withUnsafeBytes(of: checksum.littleEndian) { Array($0) })
    try await base.rot("parity/settings") { $0 = newer }
    let error = try await failure { _ = try await ParityTarget.open(on: base) }
    #expect(error.code == .newerFormat)
  }

  @Test func newerSidecarIsAnErrorThatSaysSo() async throws {
    try await parity.put("packs/a", [1, 2, 3])
    try await base.rot(sidecar("packs/a")) { bytes in
      bytes[8] = 2
      let checksum = bytes[..<32].withUnsafeBytes { Checksum.of($0) }
      bytes.replaceSubrange(
        32..<40, with: withUnsafeBytes(of: checksum.littleEndian) { Array($0) })
    }
    let error = try await failure { _ = try await parity.examine(blobName("packs/a")) }
    #expect(error.code == .newerFormat)
  }
}
