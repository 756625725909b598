import CairnCore
import Foundation
import SystemPackage
import Testing

@testable import CairnCrypto

@Suite("Files that change while they are sealed or opened")
struct ChangingFileTests {
  static let workerCounts = [1, 2, 8]
  /// More pieces than workers take before the first report.
  static let plain = LongSample.prefix(4_000_000)

  let identity: X25519Identity
  let folder: TemporaryFolder

  init() throws {
    identity = try X25519Identity.generate()
    folder = try TemporaryFolder()
  }

  private func seal(
    _ input: FileDescriptor, _ output: FileDescriptor, _ workerCount: Int,
    _ progress: any ProgressReporter
  ) throws(CryptoError) {
    try Age.seal(
      from: input, to: output, recipients: [identity.recipient], workerCount: workerCount,
      progress: progress)
  }

  private func open(
    _ input: FileDescriptor, _ output: FileDescriptor, _ workerCount: Int,
    _ progress: any ProgressReporter
  ) throws(CryptoError) {
    try Age.open(
      from: input, to: output, identities: [identity], limits: Header.Limits(),
      workerCount: workerCount, progress: progress)
  }

  @Test(arguments: workerCounts)
  func sealingWhatShrinksFails(workerCount: Int) throws {
    let input = try folder.file("input", holding: Self.plain)
    let output = try folder.file("output", holding: [])
    defer { for file in [input, output] { try? file.close() } }
    let error = #expect(throws: CryptoError.self) {
      try seal(input, output, workerCount, FirstReport { try input.resize(to: 3_000_000) })
    }
    #expect(error?.code == .io)
    #expect((error?.cause as? IOError)?.code == .changed)
    let file = try folder.content("output")
    #expect(try output.offset() == file.count)
    // What is there is sound, and is known to be a part.
    var opened = MemoryWriter()
    expect(.truncated) {
      try Age.open(from: MemoryReader(file), to: &opened, identities: [identity])
    }
    expectSame(opened.bytes, Array(Self.plain.prefix(opened.bytes.count)))
    #expect(opened.bytes.count == 3_000_000 / Self.pieceSize * Self.pieceSize)
  }

  static let pieceSize = Piece.segmentCount * Segment.plainSize

  @Test(arguments: workerCounts)
  func openingWhatShrinksFails(workerCount: Int) throws {
    let input = try folder.file(
      "input", holding: try Age.seal(Self.plain, to: [identity.recipient]))
    let output = try folder.file("output", holding: [])
    defer { for file in [input, output] { try? file.close() } }
    let error = #expect(throws: CryptoError.self) {
      try open(input, output, workerCount, FirstReport { try input.resize(to: 3_000_000) })
    }
    #expect((error?.cause as? IOError)?.code == .changed)
    let opened = try folder.content("output")
    expectSame(opened, Array(Self.plain.prefix(opened.count)))
    #expect(opened.count == 3_000_000 / Self.pieceSize * Self.pieceSize)
  }

  @Test(arguments: workerCounts)
  func whatGrowsIsSealedAsItWas(workerCount: Int) throws {
    let input = try folder.file("input", holding: Self.plain)
    let output = try folder.file("output", holding: [])
    defer { for file in [input, output] { try? file.close() } }
    let growth = FirstReport {
      try input.writeAll(toAbsoluteOffset: Int64(Self.plain.count), [UInt8](repeating: 1, count: 9))
    }
    try seal(input, output, workerCount, growth)
    expectSame(try Age.open(folder.content("output"), with: [identity]), Self.plain)
    #expect(try input.offset() == Self.plain.count)
    #expect(try folder.content("input").count == Self.plain.count + 9)
  }

  /// Both names and descriptors of one file lead to it.
  @Test(arguments: ["the descriptor", "another descriptor", "a hard link", "for appending"])
  func aFileIsNotOverwrittenByItself(way: String) throws {
    for content in [Self.plain, try Age.seal(Self.plain, to: [identity.recipient]), []] {
      let file = try folder.file("file", holding: content)
      defer { try? file.close() }
      let path = folder.path.appending("file")
      let link = folder.path.appending("link")
      try? FileManager.default.removeItem(atPath: link.string)
      try FileManager.default.linkItem(atPath: path.string, toPath: link.string)
      let same =
        switch way {
        case "the descriptor": try file.duplicate()
        case "another descriptor": try FileDescriptor.open(path, .readWrite)
        case "a hard link": try FileDescriptor.open(link, .readWrite)
        default: try FileDescriptor.open(path, .readWrite, options: .append)
        }
      defer { try? same.close() }
      expect(.io) { try seal(file, same, 2, NoProgress()) }
      expect(.io) { try open(file, same, 2, NoProgress()) }
      expectSame(try folder.content("file"), content)
    }
  }
}
