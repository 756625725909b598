import CairnChunks
import CairnCore
import Synchronization
import SystemPackage
import Testing

@testable import CairnTargetKit

/// Each way of being wrong is found by the check that is there for it.
@Suite struct FlawedTargetTests {
  private static let options = TargetConformance.Options(
    listedNames: 300, timeLimit: .seconds(300), cancellationLimit: .milliseconds(400))

  @Test(arguments: Flaw.allCases)
  fileprivate func flawsAreFound(_ flaw: Flaw) async {
    let report = await TargetConformance(Self.options) {
      FlawedTarget(flaw)
    } openingAgain: {
      FlawedTarget(flaw, $0)
    }.run { $0.contains(flaw.promise) }
    #expect(report.checks.count == 1 && !report.isSound, "\(report)")
    #expect("\(report)".hasPrefix("FAILED"))
  }

  /// The tests above would pass if every check failed.
  @Test func withoutAFlawNothingIsFound() async {
    var options = Self.options
    // Long enough for a machine that does other things too.
    options.cancellationLimit = .seconds(300)
    let report = await TargetConformance(options) {
      FlawedTarget(nil)
    } openingAgain: {
      FlawedTarget(nil, $0)
    }.run()
    #expect(report.isSound, "\(report)")
  }

  @Test(arguments: [false, true])
  func aDeletionThatShouldBeRefusedIsFound(_ pretends: Bool) async {
    var options = Self.options
    options.canDelete = false
    let report = await TargetConformance(options) {
      FlawedTarget(pretends ? .pretendsToRefuse : nil)
    }.run { $0.contains("refused deletion") }
    #expect(report.failures.count == 1, "\(report)")
  }

  @Test func aPutThatShouldBeRefusedIsFound() async {
    let report = await TargetConformance(Self.options) {
      MemoryTarget()
    } readingThrough: {
      $0
    }.run { $0.contains("refused put") }
    #expect(report.failures.count == 1, "\(report)")
  }

  @Test func whoTidiesUpAfterOthersIsFound() async throws {
    try await withTemporaryDirectory { directory in
      var options = Self.options
      options.strangers = .init { _, folder in
        try write("theirs", to: directory.appending("\(folder)Theirs"))
      } areThere: { _, folder in
        text(of: directory.appending("\(folder)Theirs")) == "theirs"
      }
      let report = await TargetConformance(options) {
        TidyTarget(base: try DirectoryTarget(directory))
      }.run { $0.contains("left alone") }
      #expect(report.failures.count == 1, "\(report)")
    }
  }

  @Test func aCheckThatDoesNotEndFails() async {
    var options = Self.options
    options.timeLimit = .milliseconds(100)
    let report = await TargetConformance(options) {
      FlawedTarget(.ignoresCancellation)
    }.run { $0.contains("empty blob") }
    #expect("\(report)".contains("has not ended after 0.1 seconds"), "\(report)")
  }

  @Test func aLagIsFoundAndCanBeAllowed() async {
    for (lag, isSound) in [(Duration.zero, false), (.seconds(600), true)] {
      var options = Self.options
      options.lag = lag
      let report = await TargetConformance(options) { FlawedTarget(.listsLate) }
        .run { $0.contains("a put is found") }
      #expect(report.isSound == isSound, "\(report)")
    }
  }
}

private enum Flaw: CaseIterable {
  case hasNoName, tellsWrongSizes, losesLastBytes, losesEmptyBlobs, cutsLargeBlobs, trustsFiles
  case shiftsRanges, failsBehindTheEnd, refusesLongNames, takesNamesForOthers
  case mixesUpErrors, doesNotNameBlobs, failsToDeleteNothing
  case refusesSameBytes, overwrites, keepsTheFirstInSilence, remembersWhatWasMissing, listsLate
  case deletesLater, pretendsToDelete, pretendsToRefuse, keepsHalves, callsBrokenSourcesTemporary
  case listsUnsorted, listsTwice, listsShortPages, ignoresTheLimit, listsThePlaceToGoOn
  case listsFoldersOnly, countsPages, leavesOneOutOfAll
  case showsHalves, refusesEqualPuts, looksBeforeItPuts, sharesABuffer
  case ignoresCancellation, confusesCancellation, keepsWhatWasCancelled, isOfOneProcess

  /// Words of a promise that it breaks.
  var promise: String {
    switch self {
    case .hasNoName: "a name"
    case .tellsWrongSizes, .losesLastBytes: "its size is told"
    case .losesEmptyBlobs: "empty blob"
    case .cutsLargeBlobs: "large blob"
    case .trustsFiles: "temporary file"
    case .shiftsRanges, .failsBehindTheEnd: "a range"
    case .refusesLongNames, .takesNamesForOthers: "any name"
    case .mixesUpErrors, .doesNotNameBlobs, .failsToDeleteNothing: "is missing"
    case .refusesSameBytes: "the same bytes"
    case .overwrites, .keepsTheFirstInSilence: "a conflict"
    case .remembersWhatWasMissing, .listsLate: "a put is found"
    case .deletesLater, .pretendsToDelete, .pretendsToRefuse: "a deletion is found"
    case .keepsHalves, .callsBrokenSourcesTemporary: "source fails"
    case .listsUnsorted, .listsTwice, .ignoresTheLimit, .listsThePlaceToGoOn, .listsFoldersOnly,
      .leavesOneOutOfAll:
      "listings are sorted"
    case .listsShortPages: "thousands of names"
    case .countsPages: "others come and go"
    case .showsHalves: "while it is put"
    case .refusesEqualPuts: "equal puts"
    case .looksBeforeItPuts: "different puts"
    case .sharesABuffer: "many tasks"
    case .ignoresCancellation, .confusesCancellation: "cancelled call"
    case .keepsWhatWasCancelled: "cancelled put"
    case .isOfOneProcess: "opened again"
    }
  }
}

/// A target in memory with at most one thing wrong.
private final class FlawedTarget: Target {
  private struct State: Sendable {
    var blobs: [BlobName: [UInt8]] = [:]
    /// How many more listings leave a blob out.
    var hidden: [BlobName: Int] = [:]
    /// How many more calls find a blob that was deleted.
    var doomed: [BlobName: Int] = [:]
    var absent: Set<BlobName> = []
    var atWork: Set<BlobName> = []
    var handedOut: [BlobName: Int] = [:]
    var buffer: [UInt8] = []

    /// Whether the listing that asks leaves a blob out.
    mutating func hides(_ name: BlobName) -> Bool {
      guard let left = hidden[name] else { return false }
      hidden[name] = left > 1 ? left - 1 : nil
      return true
    }

    /// Brings deleted blobs nearer to their end by a call.
    mutating func deleteTheDoomed() {
      for (name, left) in doomed {
        doomed[name] = left > 1 ? left - 1 : nil
        if left == 1 { blobs[name] = nil }
      }
    }
  }

  private final class Place: Sendable {
    let state = Mutex(State())
  }

  private let flaw: Flaw?
  private let place: Place

  /// - Parameter other: one of the same place, opened before.
  init(_ flaw: Flaw?, _ other: (any Target)? = nil) {
    self.flaw = flaw
    let isShared = flaw != .isOfOneProcess
    place = (isShared ? (other as? FlawedTarget)?.place : nil) ?? Place()
  }

  var name: String { flaw == .hasNoName ? "" : "flawed" }

  private func change<Result: Sendable>(
    _ body: (inout State) throws(ChunkStoreError) -> Result
  ) throws(ChunkStoreError) -> Result {
    try place.state.withLock { (state) throws(ChunkStoreError) in try body(&state) }
  }

  private func key(of name: BlobName) -> BlobName {
    guard flaw == .takesNamesForOthers else { return name }
    return BlobName(String(name.description.map { $0 == "-" ? "_" : $0 })) ?? name
  }

  // MARK: Target

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    let name = key(of: name)
    try await hold()
    if flaw == .refusesLongNames, name.description.utf8.count > 100 {
      throw ChunkStoreError(.targetFailed, "the name is too long", blob: name)
    }
    if flaw == .losesEmptyBlobs, source.byteCount == 0 { return }
    if flaw == .trustsFiles, source.spooledFile != nil, has(name) { return }
    if flaw == .refusesEqualPuts {
      let isFirst = try change { $0.atWork.insert(name).inserted }
      guard isFirst else {
        throw ChunkStoreError(.temporary, "somebody else puts it", blob: name)
      }
      for _ in 0..<20 { await Task.yield() }
    }
    defer { place.state.withLock { _ = $0.atWork.remove(name) } }
    var bytes = try await read(source, for: name)
    if flaw == .losesLastBytes, bytes.count > 65_536 { bytes.removeLast() }
    if flaw == .cutsLargeBlobs { bytes = Array(bytes.prefix(16 << 20)) }
    if flaw == .looksBeforeItPuts {
      let isFree = !has(name)
      for _ in 0..<20 { await Task.yield() }
      if isFree {
        place.state.withLock { $0.blobs[name] = bytes }
        return
      }
    }
    try change { (state) throws(ChunkStoreError) in
      if let present = state.blobs[name], flaw != .overwrites {
        if flaw == .refusesSameBytes { throw .conflict(name, in: self.name) }
        guard present == bytes || flaw == .keepsTheFirstInSilence else {
          throw .conflict(name, in: self.name)
        }
        return
      }
      state.blobs[name] = bytes
      if flaw == .listsLate { state.hidden[name] = 2 }
    }
  }

  /// Reads the source in parts; where it should leave no trace of them, it may.
  private func read(
    _ source: BlobSource, for name: BlobName
  ) async throws(ChunkStoreError) -> [UInt8] {
    var bytes: [UInt8] = []
    let showsParts = flaw == .showsHalves && !has(name)
    while bytes.count < source.byteCount {
      if Task.isCancelled, flaw != .ignoresCancellation {
        if flaw == .keepsWhatWasCancelled, !bytes.isEmpty {
          place.state.withLock { $0.blobs[name] = bytes }
        }
        throw ChunkStoreError(.cancelled, "the put was cancelled", blob: name)
      }
      let end = min(source.byteCount, Int64(bytes.count) + 1 << 20)
      do {
        bytes += try source.read(Int64(bytes.count)..<end)
      } catch {
        if flaw == .keepsHalves {
          let half = bytes
          place.state.withLock { if $0.blobs[name] == nil { $0.blobs[name] = half } }
        }
        throw ChunkStoreError(
          flaw == .callsBrokenSourcesTemporary ? .temporary : .targetFailed,
          "the source fails", blob: name, cause: error)
      }
      if showsParts {
        let part = bytes
        place.state.withLock { $0.blobs[name] = part }
      }
      await Task.yield()
    }
    if showsParts { place.state.withLock { $0.blobs[name] = nil } }
    return bytes
  }

  private func has(_ name: BlobName) -> Bool {
    place.state.withLock { $0.blobs[name] != nil }
  }

  /// What every call does first.
  private func hold() async throws(ChunkStoreError) {
    if flaw == .ignoresCancellation {
      // A task of its own does not learn of the cancellation.
      await Task.detached { try? await Task.sleep(for: .seconds(1)) }.value
    }
    place.state.withLock { $0.deleteTheDoomed() }
    if Task.isCancelled, flaw == .confusesCancellation {
      throw ChunkStoreError(.temporary, "the call did not succeed")
    }
  }

  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8] {
    let name = key(of: name)
    try await hold()
    guard let bytes = place.state.withLock({ $0.blobs[name] }) else {
      switch flaw {
      case .mixesUpErrors: throw ChunkStoreError(.targetFailed, "HTTP status 404", blob: name)
      case .doesNotNameBlobs: throw ChunkStoreError(.missing, "HTTP status 404")
      default: throw .missing(name)
      }
    }
    guard let range else { return await shared(bytes) }
    let count = Int64(bytes.count)
    if flaw == .failsBehindTheEnd, range.lowerBound >= count {
      throw ChunkStoreError(.targetFailed, "HTTP status 416", blob: name)
    }
    var inside = range.clamped(to: 0..<count)
    if flaw == .shiftsRanges, inside.lowerBound > 0, !inside.isEmpty {
      inside = inside.lowerBound - 1..<inside.upperBound
    }
    return await shared(Array(bytes[Int(inside.lowerBound)..<Int(inside.upperBound)]))
  }

  /// The bytes, if nobody else reads at the same time.
  private func shared(_ bytes: [UInt8]) async -> [UInt8] {
    guard flaw == .sharesABuffer else { return bytes }
    place.state.withLock { $0.buffer = bytes }
    for _ in 0..<5 { await Task.yield() }
    return place.state.withLock { $0.buffer }
  }

  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    let name = key(of: name)
    try await hold()
    return place.state.withLock { state in
      if flaw == .remembersWhatWasMissing, state.absent.contains(name) { return nil }
      guard let bytes = state.blobs[name] else {
        state.absent.insert(name)
        return nil
      }
      return Int64(bytes.count) + (flaw == .tellsWrongSizes ? 1 : 0)
    }
  }

  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    try await hold()
    return place.state.withLock { state in
      var prefix = prefix[...]
      if flaw == .listsFoldersOnly, let end = prefix.lastIndex(of: "/") { prefix = prefix[...end] }
      var all = state.blobs.filter { blob in
        blob.key.description.hasPrefix(prefix) && !state.hides(blob.key)
      }.map { BlobInfo(name: $0.key, size: Int64($0.value.count)) }.sorted { $0.name < $1.name }
      if flaw == .countsPages {
        let start = after.flatMap { state.handedOut[$0] } ?? 0
        let page = Array(all.dropFirst(start).prefix(limit))
        if let last = page.last { state.handedOut[last.name] = start + page.count }
        return page
      }
      if flaw == .listsTwice, let first = all.first { all.insert(first, at: 0) }
      if flaw == .listsUnsorted { all.sort { $0.size < $1.size } }
      if let after {
        all.removeAll { flaw == .listsThePlaceToGoOn ? $0.name < after : $0.name <= after }
      }
      if flaw == .ignoresTheLimit { return all }
      return Array(all.prefix(flaw == .listsShortPages ? min(limit, 100) : limit))
    }
  }

  func forEachBlob(
    _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    let all = try await list(prefix, after: nil, limit: .max)
    let left = flaw == .leavesOneOutOfAll ? 1 : 0
    for blob in all.dropFirst(left) { try await body(blob) }
  }

  func delete(_ name: BlobName) async throws(ChunkStoreError) {
    let name = key(of: name)
    try await hold()
    switch flaw {
    case .pretendsToDelete: return
    case .deletesLater:
      place.state.withLock { $0.doomed[name] = 3 }
    case .failsToDeleteNothing where !has(name): throw .missing(name)
    default:
      place.state.withLock { $0.blobs[name] = nil }
      if flaw == .pretendsToRefuse {
        throw ChunkStoreError(.targetFailed, "nothing is deleted here", blob: name)
      }
    }
  }
}

/// Removes what it does not know.
private struct TidyTarget: LocalTarget {
  let base: DirectoryTarget

  var name: String { base.name }

  func names(
    _ prefix: String, after: BlobName?, limit: Int
  ) throws(ChunkStoreError) -> [BlobInfo] {
    _ = try? removeFile(base.path.appending("\(prefix)Theirs"))
    return try base.names(prefix, after: after, limit: limit)
  }

  func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    try base.store(name, source)
  }

  func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
    try base.load(name, range: range)
  }

  func findSize(of name: BlobName) throws(ChunkStoreError) -> Int64? {
    try base.findSize(of: name)
  }

  func remove(_ name: BlobName) throws(ChunkStoreError) { try base.remove(name) }
}
