import CairnCore
import Foundation
import SystemPackage
import Testing

@testable import CairnCrypto

@Suite("A progress reporter that ends the work")
struct CancellingTests {
  struct Enough: Error {}

  static let workerCounts = [1, 2, 8]
  static let plain = LongSample.prefix(5_000_000)

  let identity: X25519Identity
  let folder: TemporaryFolder

  init() throws {
    identity = try X25519Identity.generate()
    folder = try TemporaryFolder()
  }

  private func expectCancelled(
    _ direction: PipelineDirection, _ bytes: [UInt8], from inputKind: InputEnd.Kind,
    to outputKind: OutputEnd.Kind, _ workerCount: Int, _ progress: any ProgressReporter
  ) throws -> [UInt8] {
    let comment: Comment = "\(inputKind) to \(outputKind), \(workerCount) workers"
    let input = try InputEnd(inputKind, holding: bytes, in: folder)
    let output = try OutputEnd(outputKind, in: folder)
    let error = #expect(throws: CryptoError.self, comment) {
      switch direction {
      case .sealing:
        try Age.seal(
          from: input.descriptor, to: output.descriptor, recipients: [identity.recipient],
          workerCount: workerCount, progress: progress)
      case .opening:
        try Age.open(
          from: input.descriptor, to: output.descriptor, identities: [identity],
          limits: Header.Limits(), workerCount: workerCount, progress: progress)
      }
    }
    #expect(error?.code == .cancelled, comment)
    #expect(error?.cause is Enough, comment)
    let written = try output.finish(comment)
    try input.abandon()
    return written
  }

  /// Nothing but the header was written then, whatever the length.
  @Test(arguments: [0, 200, 70_000, 5_000_000], workerCounts)
  func theFirstReportCanEndIt(count: Int, workerCount: Int) throws {
    let plain = Array(Self.plain.prefix(count))
    let sealed = try Age.seal(plain, to: [identity.recipient])
    for inputKind in [InputEnd.Kind.file, .pipe] {
      for outputKind in [OutputEnd.Kind.file, .pipe, .appendedFile] {
        let part = try expectCancelled(
          .sealing, plain, from: inputKind, to: outputKind, workerCount,
          FirstReport { throw Enough() })
        let header = try #require(try Header.parse(part.span.bytes))
        #expect(part.count == header.byteCount + PayloadKey.nonceSize)
        let opened = try expectCancelled(
          .opening, sealed, from: inputKind, to: outputKind, workerCount,
          FirstReport { throw Enough() })
        #expect(opened.isEmpty)
      }
    }
  }

  /// Ends the work at the first report after so many bytes.
  struct Limit: ProgressReporter {
    let count: Int64

    func report(_ progress: CairnCore.Progress) throws {
      if progress.completed >= count { throw Enough() }
      // The next report comes a while after this one.
      usleep(110_000)
    }
  }

  @Test(arguments: [OutputEnd.Kind.file, .pipe, .appendedFile], workerCounts)
  func aLaterReportCanEndIt(outputKind: OutputEnd.Kind, workerCount: Int) throws {
    let part = try expectCancelled(
      .sealing, Self.plain, from: .file, to: outputKind, workerCount, Limit(count: 1_000_000))
    var opened = MemoryWriter()
    expect(.truncated) {
      try Age.open(from: MemoryReader(part), to: &opened, identities: [identity])
    }
    expectSame(opened.bytes, Array(Self.plain.prefix(opened.bytes.count)))
    let sealed = try Age.seal(Self.plain, to: [identity.recipient])
    let plain = try expectCancelled(
      .opening, sealed, from: .file, to: outputKind, workerCount, Limit(count: 1_000_000))
    #expect(plain.count % (Piece.segmentCount * Segment.plainSize) == 0)
    expectSame(plain, Array(Self.plain.prefix(plain.count)))
  }

  /// Even at the last piece, so that nobody mistakes the output for a whole file.
  @Test(arguments: [OutputEnd.Kind.file, .pipe, .appendedFile], workerCounts)
  func theLastReportBeforeTheEndCanEndIt(outputKind: OutputEnd.Kind, workerCount: Int) throws {
    let plain = Array(Self.plain.prefix(600_000))
    let part = try expectCancelled(
      .sealing, plain, from: .file, to: outputKind, workerCount, Limit(count: 600_000))
    expect(.truncated) {
      var opened = MemoryWriter()
      try Age.open(from: MemoryReader(part), to: &opened, identities: [identity])
    }
  }

  /// Remembers all that it is told.
  final class Log: ProgressReporter {
    private let reports = Monitor<[CairnCore.Progress]>([])
    var all: [CairnCore.Progress] { reports.withLock { $0 } }

    func report(_ progress: CairnCore.Progress) { reports.withLock { $0.append(progress) } }
  }

  @Test(arguments: workerCounts)
  func reportsGoUpToTheEnd(workerCount: Int) throws {
    let input = try folder.file("input", holding: Self.plain)
    let sealed = try folder.file("sealed", holding: [])
    let opened = try folder.file("opened", holding: [])
    defer { for file in [input, sealed, opened] { try? file.close() } }
    let (sealing, opening) = (Log(), Log())
    try Age.seal(
      from: input, to: sealed, recipients: [identity.recipient], workerCount: workerCount,
      progress: sealing)
    try sealed.seek(offset: 0, from: .start)
    try Age.open(
      from: sealed, to: opened, identities: [identity], limits: Header.Limits(),
      workerCount: workerCount, progress: opening)
    for (log, phase) in [(sealing, "seal"), (opening, "open")] {
      #expect(log.all.count >= 2)
      #expect(log.all.allSatisfy { $0.phase == phase && $0.total == Int64(Self.plain.count) })
      #expect(log.all.last?.completed == Int64(Self.plain.count))
      let counts = log.all.map(\.completed)
      #expect(counts == counts.sorted())
    }
  }
}
