import CairnCore
import CairnCrypto

/// Copies roots into a session of another repository. Used by one thread of the library's own, which
/// directs the session's workers.
///
/// The chunks are walked in the order of their links, each after those that it links to, so what a
/// stored chunk leads to is stored. Those without links are copied in batches by the workers; those with
/// links, whose copies link to the copies, by this thread, when the batches before have come back.
final class CopyRun {
  private let source: Repository
  private let destination: Repository
  private let core: SessionCore
  private let options: CopyOptions
  private let translation: ChunkTranslation
  /// Whether a chunk has the same id in both repositories.
  private let sharesIDs: Bool
  private let progress: any ProgressReporter
  private let isCancelled: CancellationFlag

  private struct Leaf {
    let id: ChunkID
    let family: PackFamily
  }

  /// Chunks without links, and those with links that come behind them.
  private struct Batch {
    var leaves: [Leaf] = []
    var nodes: [CopiedNode] = []
    var nodeBytes = 0

    var isFull: Bool { leaves.count >= 128 || nodeBytes >= 1 << 20 }
  }

  private struct Outcome: Sendable {
    var names: [ChunkName] = []
    var readChunks: Int64 = 0
    var readBytes: Int64 = 0
    var nodes: [CopiedNode] = []
    var failure: ChunkStoreError?
  }

  /// A chunk whose links are being followed.
  private struct Frame {
    let id: ChunkID
    var next = 0
    /// `nil` where the walk is so deep that it is read again.
    var node: CopiedNode?
  }

  private var batch = Batch()
  private var jobs: OrderedJobs<Outcome>
  /// The chunks of the batches that have not come back.
  private var underWay: Set<ChunkID> = []
  private var frames: [Frame] = []
  private var frameBytes = 0
  /// The frames below have no nodes.
  private var firstKept = 0
  private static let maximumFrameBytes = 4 << 20

  /// The packs of the source in which there are nodes of trees: what lies there without links belongs to
  /// these.
  private var nodePacks: Set<Int> = []

  private var finished: [(root: Root, chunk: ChunkID)] = []
  private var publishedBytes: Int64 = 0
  private var report = CopyReport()

  init(
    from source: Repository, to destination: Repository, _ core: SessionCore,
    _ options: CopyOptions, _ progress: any ProgressReporter, _ isCancelled: CancellationFlag
  ) {
    self.source = source
    self.destination = destination
    self.core = core
    self.options = options
    self.progress = progress
    self.isCancelled = isCancelled
    translation = ChunkTranslation(spoolDirectory: options.session.spoolDirectory)
    sharesIDs = source.access.idKey == destination.access.idKey
    jobs = OrderedJobs(on: core.workers, depth: 2 * options.session.workerCount)
  }

  func run(_ selection: CopySelection) throws(ChunkStoreError) -> CopyReport {
    defer { waitForJobs() }
    report.presentRoots = selection.present
    let core = core
    let lesson = CopyLesson(from: source, to: destination, translation, options) {
      (id) throws(ChunkStoreError) in try core.knows(id)
    }
    for pair in selection.pairs {
      try lesson.learn(pair)
      try tell()
    }
    for root in selection.wanted {
      do throws(ChunkStoreError) {
        finished.append((root, try copy(root.chunk)))
      } catch {
        waitForJobs()
        try core.check()
        guard error.isAboutBlob else {
          try publish()
          throw error
        }
        try note(error, of: root)
      }
      // Often enough that little is done again after a crash, and packs are full.
      let newBytes = core.statistics.snapshot.newBytes - publishedBytes
      if newBytes >= 4 * Int64(destination.layout.packSize) { try publish() }
    }
    try publish()
    report.store = core.statistics.snapshot
    return report
  }

  private func note(_ error: ChunkStoreError, of root: Root) throws(ChunkStoreError) {
    let source = source
    let isForgotten = try waitForTask { () async throws(ChunkStoreError) -> Bool in
      try await source.isForgotten(root)
    }
    if isForgotten {
      report.forgottenRoots.append(root.id)
    } else {
      report.problems.append(CopyReport.Problem(root: root.id, message: error.description))
    }
  }

  private func publish() throws(ChunkStoreError) {
    for (root, chunk) in finished {
      let copy = try core.publish(
        name: root.name, chunk: chunk, fields: root.fieldsOfCopy(from: source.id), time: root.time)
      report.copied.append(CopyReport.Copy(root: root.id, copy: copy.id))
    }
    finished = []
    publishedBytes = core.statistics.snapshot.newBytes
  }

  // MARK: The walk

  /// Copies a chunk and all that it leads to, and returns what it is called there.
  private func copy(_ chunk: ChunkID) throws(ChunkStoreError) -> ChunkID {
    try enter(chunk)
    while let top = frames.last {
      let node = try nodeOfTopFrame()
      if top.next < node.linkCount {
        frames[frames.count - 1].next += 1
        try enter(node.link(top.next))
      } else {
        frames.removeLast()
        firstKept = min(firstKept, frames.count)
        frameBytes -= node.byteCount
        batch.nodes.append(node)
        batch.nodeBytes += node.byteCount
        underWay.insert(node.id)
        if batch.isFull { try submit() }
      }
    }
    try submit()
    while let outcome = jobs.next() { try take(outcome) }
    guard let copy = try translation[chunk] else { throw .missing(chunk) }
    return copy
  }

  private func enter(_ id: ChunkID) throws(ChunkStoreError) {
    if underWay.contains(id) { return }
    if try translation[id] != nil { return }
    let place = try place(of: id)
    if place.hasLinks {
      nodePacks.insert(place.block.pack)
      let node = try source.node(id)
      report.readChunks += 1
      report.readBytes += Int64(node.data.count)
      frames.append(Frame(id: id, node: node))
      frameBytes += node.byteCount
      while frameBytes > Self.maximumFrameBytes, firstKept < frames.count - 1 {
        frameBytes -= frames[firstKept].node?.byteCount ?? 0
        frames[firstKept].node = nil
        firstKept += 1
      }
    } else {
      let family = nodePacks.contains(place.block.pack) ? PackFamily.nodes : .content
      batch.leaves.append(Leaf(id: id, family: family))
      underWay.insert(id)
      if batch.isFull { try submit() }
    }
  }

  private func nodeOfTopFrame() throws(ChunkStoreError) -> CopiedNode {
    let top = frames.count - 1
    if let node = frames[top].node { return node }
    let node = try source.node(frames[top].id)
    frames[top].node = node
    frameBytes += node.byteCount
    firstKept = min(firstKept, top)
    return node
  }

  private func place(of id: ChunkID) throws(ChunkStoreError) -> ChunkPlace {
    let (source, index) = (source, source.loadedIndex)
    if let place = try index.place(of: id) { return place }
    let hasMoved = try waitForTask { () async throws(ChunkStoreError) -> Bool in
      try await source.findMovedPacks()
    }
    guard hasMoved, let place = try index.place(of: id) else { throw .missing(id) }
    return place
  }

  // MARK: Batches

  private func submit() throws(ChunkStoreError) {
    guard !batch.leaves.isEmpty || !batch.nodes.isEmpty else { return }
    while jobs.isFull, let outcome = jobs.next() { try take(outcome) }
    let (full, source, core, sharesIDs) = (batch, source, core, sharesIDs)
    batch = Batch()
    jobs.submit { Self.copy(full, from: source, to: core, sharesIDs: sharesIDs) }
  }

  private static func copy(
    _ batch: Batch, from source: Repository, to core: SessionCore, sharesIDs: Bool
  ) -> Outcome {
    var outcome = Outcome()
    outcome.nodes = batch.nodes
    guard !batch.leaves.isEmpty else { return outcome }
    do throws(ChunkStoreError) {
      try source.withReader { (reader) throws(ChunkStoreError) in
        for leaf in batch.leaves {
          if sharesIDs, try core.knows(leaf.id) {
            outcome.names.append(ChunkName(id: leaf.id, copy: leaf.id))
            continue
          }
          // A source that fails while a lane is lent would be taken for a failure of the lane.
          let (copy, count) = try reader.withChunk(leaf.id) {
            (record) throws(ChunkStoreError) -> (ChunkID, Int) in
            (try core.store(record, in: leaf.family), record.data.byteCount)
          }
          outcome.names.append(ChunkName(id: leaf.id, copy: copy))
          outcome.readChunks += 1
          outcome.readBytes += Int64(count)
        }
      }
    } catch {
      outcome.failure = error
    }
    return outcome
  }

  private func take(_ outcome: Outcome) throws(ChunkStoreError) {
    report.readChunks += outcome.readChunks
    report.readBytes += outcome.readBytes
    try translation.insert(outcome.names)
    for name in outcome.names { underWay.remove(name.id) }
    if let failure = outcome.failure { throw failure }
    for node in outcome.nodes {
      let copy = try store(node)
      try translation.insert([ChunkName(id: node.id, copy: copy)])
      underWay.remove(node.id)
    }
    try tell()
  }

  private func store(_ node: CopiedNode) throws(ChunkStoreError) -> ChunkID {
    var links = BinaryWriter(reserving: node.links.count)
    for number in 0..<node.linkCount {
      let link = node.link(number)
      guard let copy = try translation[link] else { throw .missing(link) }
      copy.digest.withBytes { links.append($0) }
    }
    return try core.withLane { (lane) throws(ChunkStoreError) in
      try links.bytes.withRawBytes { (links) throws(ChunkStoreError) in
        try node.data.withRawBytes { (data) throws(ChunkStoreError) in
          try lane.store(links: links, data: data, in: .nodes)
        }
      }
    }
  }

  /// After a failure: lets what is under way end. What of it was copied is known, and nothing is waited
  /// for then.
  private func waitForJobs() {
    batch = Batch()
    frames = []
    (frameBytes, firstKept) = (0, 0)
    while let outcome = jobs.next() { try? translation.insert(outcome.names) }
    underWay = []
  }

  private func tell() throws(ChunkStoreError) {
    if isCancelled.isSet { throw ChunkStoreError(.cancelled, "the operation was cancelled") }
    do {
      try progress.report(
        Progress(
          phase: "copy", unit: "chunks", completed: report.readChunks, total: nil,
          bytes: report.readBytes))
    } catch {
      throw ChunkStoreError(.cancelled, "the operation was ended by its progress report: \(error)")
    }
  }
}

extension SessionCore {
  /// Stores a chunk that was read from another repository.
  fileprivate func store(
    _ record: borrowing ChunkRecord, in family: PackFamily
  ) throws(ChunkStoreError) -> ChunkID {
    try record.linkBytes.withUnsafeBytes { (links) throws(ChunkStoreError) in
      try record.data.withUnsafeBytes { (data) throws(ChunkStoreError) in
        try withLane { (lane) throws(ChunkStoreError) in
          try lane.store(links: links, data: data, in: family)
        }
      }
    }
  }
}
