import CairnCore
import CairnCrypto

/// Reads the packs that a verification is to read, with several threads, and takes note of what was
/// read.
struct PackReading: Sendable {
  private let options: VerifyOptions
  private let progress: any ProgressReporter
  private let ledger: VerifyLedger?

  /// - Throws: what is wrong with ``VerifyOptions/stateFile``.
  init(
    _ options: VerifyOptions, _ check: VerifyLedger.Check, of repository: RepositoryID,
    _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) {
    self.options = options
    self.progress = progress
    guard let path = options.stateFile, options.depth != .structure else {
      ledger = nil
      return
    }
    ledger = try await ThreadPool.blocking.run { () throws(ChunkStoreError) in
      try VerifyLedger(path, of: repository, check)
    }
  }

  /// Reads some of the packs, as the options ask.
  ///
  /// - Parameter check: what is wrong with a pack; called on threads of the reading's own.
  func run<Pack: PackToRead>(
    _ packs: [Pack], _ report: inout VerifyReport,
    _ check: @escaping @Sendable (Pack) -> ChunkStoreError?
  ) async throws(ChunkStoreError) {
    var chosen = packs.filter { ledger?.contains($0.blob.contentDigest) != true }
    let left = chosen.count
    switch options.depth {
    case .structure: return
    case .data: break
    case .sample(let percent):
      let count = Int((Double(packs.count) * percent / 100).rounded(.up))
      chosen = Array(chosen.shuffled().prefix(max(0, count)))
    }
    let (packs, started, total) = (chosen, report, Int64(packs.count))
    let isCancelled = CancellationFlag()
    let outcome = await withTaskCancellationHandler {
      await ThreadPool.engines.run { () -> Result<VerifyReport, ChunkStoreError> in
        Result { () throws(ChunkStoreError) in
          var report = started
          report.packsCheckedBefore = total - Int64(left)
          do throws(ChunkStoreError) {
            try self.read(packs, &report, isCancelled, check)
          } catch {
            try? self.ledger?.save()
            throw error
          }
          if packs.count == left { try self.ledger?.remove() } else { try self.ledger?.save() }
          return report
        }
      }
    } onCancel: {
      isCancelled.set()
    }
    report = try outcome.get()
  }

  private func read<Pack: PackToRead>(
    _ packs: [Pack], _ report: inout VerifyReport, _ isCancelled: CancellationFlag,
    _ check: @escaping @Sendable (Pack) -> ChunkStoreError?
  ) throws(ChunkStoreError) {
    let workers = ThreadPool(limit: options.workerCount)
    var jobs = OrderedJobs<(Pack, ChunkStoreError?)>(on: workers, depth: workers.limit * 2)
    // What has not begun when this ends early is done all the same: at most a few packs.
    for number in 0..<packs.count + jobs.depth {
      if jobs.isFull || number >= packs.count, let (pack, error) = jobs.next() {
        report.checkedPacks += 1
        report.readBytes += pack.size
        if let error {
          try report.note(error)
        } else if let digest = pack.blob.contentDigest {
          try ledger?.insert(digest)
        }
        if isCancelled.isSet {
          throw ChunkStoreError(.cancelled, "the operation was cancelled")
        }
        try progress.tell(
          Progress(
            phase: "verify every byte", unit: "packs", completed: report.checkedPacks,
            total: Int64(packs.count), bytes: report.readBytes))
      }
      if number < packs.count {
        let pack = packs[number]
        jobs.submit { (pack, check(pack)) }
      }
    }
  }

  /// Checks that packs are what their names say, which needs no key.
  func checkNames(
    of packs: [BlobInfo], on target: any Target, _ report: inout VerifyReport
  ) async throws(ChunkStoreError) {
    try await run(packs, &report) { pack in
      do throws(ChunkStoreError) {
        try target.checkNameBlocking(of: pack)
        return nil
      } catch {
        // A collection may have deleted it since it was listed; whether it is missed, is not asked here.
        if error.code == .missing, (try? target.sizeBlocking(of: pack.name)) == .some(nil) {
          return nil
        }
        return error
      }
    }
  }
}

/// What is known of a pack before it is read.
protocol PackToRead: Sendable {
  var blob: BlobName { get }
  /// In bytes.
  var size: Int64 { get }
}

extension PackInfo: PackToRead {}

extension BlobInfo: PackToRead {
  var blob: BlobName { name }
}

extension Target {
  /// Reads a blob piece by piece and checks that it has the size that a listing says and that its
  /// name ends in its digest. Called from the library's own threads.
  func checkNameBlocking(of blob: BlobInfo) throws(ChunkStoreError) {
    let step: Int64 = 1 << 20
    var hash = SHA256()
    var start: Int64 = 0
    while start < blob.size {
      let count = min(step, blob.size - start)
      let bytes = try getBlocking(blob.name, range: start..<start + count)
      guard bytes.count == count else {
        throw .damaged(
          blob.name, "it has \(start + Int64(bytes.count)) bytes instead of \(blob.size)")
      }
      hash.update(bytes.span.bytes)
      start += count
    }
    guard blob.name.contentDigest == hash.finalize() else {
      throw .damaged(blob.name, "its bytes do not have the digest that names it")
    }
  }
}

extension ProgressReporter {
  /// Reports, and ends the operation if that throws.
  func tell(_ moment: Progress) throws(ChunkStoreError) {
    do {
      try report(moment)
    } catch {
      throw ChunkStoreError(.cancelled, "the operation was ended by its progress report: \(error)")
    }
  }
}
