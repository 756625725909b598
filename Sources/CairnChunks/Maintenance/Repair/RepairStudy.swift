import CairnCore
import CairnCrypto

/// A repository as it would be if its damaged packs were as whole as they can be, and what is wrong
/// with it. Changes nothing.
struct RepairStudy: Sendable {
  /// Its index knows exactly the chunks that can be read.
  let view: Repository
  /// Copies of the repository, in which chunks may be that no pack of this name here holds.
  let copies: [Repository]

  let packs: [RepairPlan.Pack]
  let packsOutsideIndex: Int64

  /// - Parameter suspects: the packs that may be damaged.
  init(
    of repository: Repository, _ suspects: Set<Digest>, copies: [any Target],
    _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) {
    var opened: [Repository] = []
    for copy in copies { opened.append(try await repository.openCopy(copy)) }
    let target = SalvagedTarget([repository.target] + copies)
    let view = repository.makeView(on: target)
    try await view.refresh { (error) throws(ChunkStoreError) in
      guard error.isAboutBlob else { throw error }
    }
    let condemned = try await repository.condemnedPacks { _ in }
    let index = view.loadedIndex
    let described = index.packCount
    _ = try await view.adoptPacksOutsideIndex(but: condemned.union(suspects)) {
      (pack, table) throws(ChunkStoreError) in
      try index.insert(pack, PackContents(table))
    }
    packsOutsideIndex = Int64(index.packCount - described)
    let list = try await view.target.blobs(BlobFolder.index)
    packs = try await ThreadPool.engines.run { () throws(ChunkStoreError) -> [RepairPlan.Pack] in
      let examiner = PackExaminer(
        repository, view, target, [repository.target] + copies, list, condemned: condemned)
      return try examiner.examine(suspects.sorted(), progress)
    }
    self.view = view
    self.copies = opened
  }
}

extension Repository {
  /// Another look at the repository, with an index of its own.
  func makeView(on target: any Target) -> Repository {
    Repository(
      on: target, descriptor, keyring, openedBy: openedBy,
      options: Options(compressor: compressor, otherCompressors: compressors))
  }

  /// The same repository at another place.
  func openCopy(_ copy: any Target) async throws(ChunkStoreError) -> Repository {
    guard try await Self.readDescriptor(on: copy) == descriptor else {
      throw ChunkStoreError(
        .invalid,
        "\(copy.name) is not a copy of \(target.name), but another repository; packs and snapshots "
          + "can only be taken from a copy", blob: .descriptor)
    }
    return makeView(on: copy)
  }
}

/// Finds out what can be read of packs, and puts exactly that into the index of a view.
private struct PackExaminer {
  private let repository: Repository
  private let view: Repository
  private let target: SalvagedTarget
  private let salvage: PackSalvage
  private let indexBlobs: [BlobInfo]
  private let condemned: Set<Digest>

  /// Tables are read for so many packs at a time.
  private static let groupSize = 64

  init(
    _ repository: Repository, _ view: Repository, _ target: SalvagedTarget,
    _ targets: [any Target], _ indexBlobs: [BlobInfo], condemned: Set<Digest>
  ) {
    self.condemned = condemned
    self.repository = repository
    self.view = view
    self.target = target
    self.indexBlobs = indexBlobs
    salvage = repository.makeSalvage(targets)
  }

  private struct Finding {
    let digest: Digest
    let state: RepairPlan.Pack.State
    let problem: String
    let salvaged: SalvagedPack?
    let chunkCount: Int?
  }

  func examine(
    _ suspects: [Digest], _ progress: any ProgressReporter
  ) throws(ChunkStoreError) -> [RepairPlan.Pack] {
    var findings: [Finding] = []
    var done: Int64 = 0
    try forEachGroup(of: suspects) { (group, known) throws(ChunkStoreError) in
      for digest in group {
        done += 1
        try progress.tell(
          Progress(
            phase: "look at damaged packs", unit: "packs", completed: done,
            total: Int64(suspects.count), bytes: 0))
        if let finding = try examine(digest, known[digest]) { findings.append(finding) }
      }
    }
    // Only now is it known what others hold of each.
    var packs: [RepairPlan.Pack] = []
    for finding in findings {
      var own: Int64 = 0
      for entry in finding.salvaged?.table.entries ?? [] {
        if let place = try view.index.place(of: entry.id),
          try view.index.pack(place.block.pack).digest == finding.digest
        {
          own += 1
        }
      }
      packs.append(
        RepairPlan.Pack(
          blob: .pack(finding.digest), state: finding.state, problem: finding.problem,
          chunks: finding.chunkCount.map { Int64($0) },
          readableChunks: Int64(finding.salvaged?.table.entries.count ?? 0), salvagedChunks: own))
    }
    return packs
  }

  /// - Returns: `nil` for a sound pack.
  private func examine(
    _ digest: Digest, _ known: (info: PackInfo, table: PackTable)?
  ) throws(ChunkStoreError) -> Finding? {
    guard let (state, error) = try repository.problem(of: digest, known?.info) else {
      if try !view.index.contains(digest), !condemned.contains(digest),
        let size = try repository.target.sizeBlocking(of: .pack(digest))
      {
        let (pack, table) = try PackTail(target: repository.target, keys: repository.packKeys).read(
          BlobInfo(name: .pack(digest), size: size))
        try view.index.insert(pack, PackContents(table))
      }
      return nil
    }
    let salvaged = try salvage.salvage(digest, known: known?.info, table: known?.table)
    try view.index.withdraw(digest)
    if let salvaged {
      target.insert(salvaged)
      try view.index.insert(salvaged.info, PackContents(salvaged.table))
    }
    return Finding(
      digest: digest, state: state, problem: error.description, salvaged: salvaged,
      chunkCount: salvaged?.chunkCount ?? known?.table.entries.count)
  }

  /// Calls `body` with some packs at a time, and what the index says of them.
  private func forEachGroup(
    of packs: [Digest],
    _ body: ([Digest], [Digest: (info: PackInfo, table: PackTable)]) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    var start = 0
    while start < packs.count {
      let group = Array(packs[start..<min(start + Self.groupSize, packs.count)])
      try body(group, try repository.describedTables(of: Set(group), in: indexBlobs))
      start += group.count
    }
  }
}

extension Repository {
  func makeSalvage(_ targets: [any Target]) -> PackSalvage {
    PackSalvage(
      targets, keys: packKeys, hasher: ChunkHasher(access.idKey), compressors: compressors)
  }

  /// What the sound parts of the index say of some packs. Blocks.
  func describedTables(
    of packs: Set<Digest>, in indexBlobs: [BlobInfo]
  ) throws(ChunkStoreError) -> [Digest: (info: PackInfo, table: PackTable)] {
    var found: [Digest: (info: PackInfo, table: PackTable)] = [:]
    for blob in indexBlobs where found.count < packs.count {
      do throws(ChunkStoreError) {
        var reader = try IndexBlobReader(blob, on: target, keyring)
        while let element = try reader.next() {
          guard case .pack(let pack, let table) = element, packs.contains(pack.digest),
            found[pack.digest] == nil, pack.isPossible
          else { continue }
          found[pack.digest] = (pack, try PackTable(table, in: blob.name))
        }
      } catch {
        guard error.isAboutBlob else { throw error }
      }
    }
    return found
  }

  /// What is wrong with a pack, by reading all of it; `nil` if nothing is. Blocks.
  ///
  /// - Throws: the failure of the target: a pack that cannot be read is not a damaged one.
  func problem(
    of pack: Digest, _ known: PackInfo?
  ) throws(ChunkStoreError) -> (RepairPlan.Pack.State, ChunkStoreError)? {
    let name = BlobName.pack(pack)
    guard let size = try target.sizeBlocking(of: name) else { return (.missing, .missing(name)) }
    do throws(ChunkStoreError) {
      let info: PackInfo
      if let known {
        guard size == known.size else {
          return (.damaged, .damaged(name, "it has \(size) bytes instead of \(known.size)"))
        }
        info = known
      } else {
        info = try PackTail(target: target, keys: packKeys).read(
          BlobInfo(name: name, size: size)
        ).0
      }
      let scan = PackScan(hasher: ChunkHasher(access.idKey), compressors: compressors)
      // The header is read again: a key that is remembered opens a pack whose header is damaged.
      let front = try target.getBlocking(name, range: 0..<Int64(info.payloadOffset))
      let (key, payloadOffset) = try packKeys.open(front, of: name)
      guard payloadOffset == info.payloadOffset else {
        return (.damaged, .damaged(name, "its header has another length than the index says"))
      }
      _ = try scan.check(info, key: key) { (range) throws(ChunkStoreError) in
        try target.getBlocking(name, range: range)
      }
      return nil
    } catch {
      guard error.isAboutBlob else { throw error }
      if error.code == .missing { return (.missing, error) }
      guard error.code == .damaged else { throw error }
      return (.damaged, error)
    }
  }
}
