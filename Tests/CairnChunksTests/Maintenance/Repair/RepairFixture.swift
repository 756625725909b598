import CairnCrypto
import Testing

@testable import CairnChunks

/// A repository whose packs are known, with what is in them and what leads to what.
struct RepairFixture {
  let target: MemoryTarget
  let packs: [PackModel]
  let roots: [Root]
  /// Each chunk, with its links.
  let links: [ChunkID: [ChunkID]]

  /// Three roots that share some of their content, in a dozen packs.
  init() async throws {
    target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let shared = SeededRandom.bytes(80_000, seed: 631)
    for number in 0..<3 {
      let session = try await repository.startSession(.test)
      let text = (0..<1500).flatMap { "line \($0) of text \(number)\n".utf8 }
      let own = SeededRandom.bytes(60_000, seed: 632 + UInt64(number))
      let content = try await session.store(shared + own + text)
      _ = try await session.publish(name: "\(number)", content: content)
      try await session.end()
    }
    var packs: [PackModel] = []
    for blob in try await target.blobs(BlobFolder.packs) {
      packs.append(try await PackModel(blob, in: repository))
    }
    self.packs = packs
    roots = try await repository.roots()
    var links: [ChunkID: [ChunkID]] = [:]
    links = try repository.withReader { (reader) throws(ChunkStoreError) in
      for id in packs.flatMap({ $0.table.entries.map(\.id) }) {
        links[id] = try reader.withChunk(id) { (record) throws(ChunkStoreError) in record.links }
      }
      return links
    }
    self.links = links
  }

  /// Harms some packs here and in copies.
  ///
  /// - Returns: the names of those that are harmed here.
  func harm(
    _ chosen: [Int], in places: [MemoryTarget], _ random: inout SeededRandom
  ) throws -> Set<BlobName> {
    var names: Set<BlobName> = []
    for number in chosen {
      for place in places {
        let bytes = packs[number].bytes
        let harmed = PackDamage.random(in: bytes.count, &random).applied(to: bytes, &random)
        try place.replace(packs[number].info.blob, harmed)
        if place === target, harmed != bytes { names.insert(packs[number].info.blob) }
      }
    }
    return names
  }

  /// The chunks that some place still holds.
  func survivors(in places: [MemoryTarget]) throws -> Set<ChunkID> {
    var ids: Set<ChunkID> = []
    for pack in packs {
      ids.formUnion(
        pack.survivors(in: places.map { try? $0.load(pack.info.blob, range: nil) }))
    }
    return ids
  }

  /// The chunks that a root needs and that are not among the survivors, as far as these tell.
  func lost(_ root: Root, _ survivors: Set<ChunkID>) -> Set<ChunkID> {
    var lost: Set<ChunkID> = []
    var seen: Set<ChunkID> = []
    var pending = [root.chunk]
    while let id = pending.popLast() {
      guard seen.insert(id).inserted else { continue }
      guard survivors.contains(id) else {
        lost.insert(id)
        continue
      }
      pending += links[id] ?? []
    }
    return lost
  }

  /// Everything that survives can be read, by a fresh look, and `verify` names what does not and
  /// nothing else.
  func check(
    _ survivors: Set<ChunkID>, _ note: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let repository = try await Repository.open(on: target)
    try await repository.loadIndexOnce()
    let found = try repository.withReader { (reader) throws(ChunkStoreError) in
      survivors.count { id in
        (try? reader.withChunk(id) { (record) throws(ChunkStoreError) in record.links })
          == links[id]
      }
    }
    #expect(found == survivors.count, "\(note)", sourceLocation: sourceLocation)
    let lost = roots.reduce(into: Set<ChunkID>()) { $0.formUnion(self.lost($1, survivors)) }
    let report = try await repository.verify(VerifyOptions(.data, workerCount: 1))
    let named = report.problems.compactMap { problem in
      lost.first { problem.message.contains($0.description) }
    }
    #expect(
      Set(named) == lost && report.problems.allSatisfy { $0.blob == nil },
      "\(report.problems): \(note)", sourceLocation: sourceLocation)
  }
}

extension Repository {
  /// Verifies every byte and repairs.
  func repairAll(
    _ options: RepairOptions = RepairOptions(session: .test)
  ) async throws -> (plan: RepairPlan, report: RepairReport) {
    let report = try await verify(VerifyOptions(.data, workerCount: 1))
    let plan = try await planRepair(after: report, options)
    return (plan, try await repair(plan, options))
  }
}
