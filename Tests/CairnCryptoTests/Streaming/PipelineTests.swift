import CairnCore
import Foundation
import SystemPackage
import Testing

@testable import CairnCrypto

@Suite("Descriptors of every kind, on any number of threads")
struct PipelineTests {
  static let pieceSize = Piece.segmentCount * Segment.plainSize
  /// Where the cutting into segments and pieces changes, and one that is long.
  static let lengths = [
    0, 1, 65535, 65536, 65537, pieceSize - 1, pieceSize, pieceSize + 1, 2 * pieceSize,
    2 * pieceSize + 1, 9 * pieceSize + 70_000,
  ]
  static let workerCounts = [1, 2, 8]

  /// Each length, sealed once.
  struct Sample: Sendable {
    let plain: [UInt8]
    let file: [UInt8]
  }

  static let identity = Result { try X25519Identity.generate() }
  static let samples = Result {
    try lengths.map { count in
      let plain = LongSample.prefix(count)
      return Sample(plain: plain, file: try Age.seal(plain, to: [identity.get().recipient]))
    }
  }

  let identity: X25519Identity
  let samples: [Sample]

  init() throws {
    identity = try Self.identity.get()
    samples = try Self.samples.get()
  }

  @Test(arguments: InputEnd.Kind.allCases, OutputEnd.Kind.allCases)
  func seals(from inputKind: InputEnd.Kind, to outputKind: OutputEnd.Kind) throws {
    for workerCount in Self.workerCounts {
      for sample in samples {
        let comment: Comment = "\(sample.plain.count) bytes, \(workerCount) workers"
        let folder = try TemporaryFolder()
        let input = try InputEnd(inputKind, holding: sample.plain, in: folder)
        let output = try OutputEnd(outputKind, in: folder)
        try Age.seal(
          from: input.descriptor, to: output.descriptor, recipients: [identity.recipient],
          workerCount: workerCount, progress: NoProgress())
        let file = try output.finish(comment)
        try input.finish(comment)
        expectSame(try Age.open(file, with: [identity]), sample.plain, comment)
      }
    }
  }

  @Test(arguments: InputEnd.Kind.allCases, OutputEnd.Kind.allCases)
  func opens(from inputKind: InputEnd.Kind, to outputKind: OutputEnd.Kind) throws {
    for workerCount in Self.workerCounts {
      for sample in samples {
        let comment: Comment = "\(sample.plain.count) bytes, \(workerCount) workers"
        let folder = try TemporaryFolder()
        let input = try InputEnd(inputKind, holding: sample.file, in: folder)
        let output = try OutputEnd(outputKind, in: folder)
        try Age.open(
          from: input.descriptor, to: output.descriptor, identities: [identity],
          limits: Header.Limits(), workerCount: workerCount, progress: NoProgress())
        expectSame(try output.finish(comment), sample.plain, comment)
        try input.finish(comment)
      }
    }
  }

  /// Such files say that they are empty.
  @Test(
    .enabled(if: FileManager.default.isReadableFile(atPath: "/proc/kallsyms"), "needs /proc"),
    arguments: ["/proc/version", "/proc/kallsyms"], workerCounts)
  func whatTheKernelMakesUpIsReadToItsEnd(path: String, workerCount: Int) throws {
    let folder = try TemporaryFolder()
    let content = try [UInt8](readingAllOf: FileDescriptor.open(path, .readOnly))
    let input = try FileDescriptor.open(path, .readOnly)
    let output = try folder.file("output", holding: [])
    defer { for file in [input, output] { try? file.close() } }
    try Age.seal(
      from: input, to: output, recipients: [identity.recipient], workerCount: workerCount,
      progress: NoProgress())
    expectSame(try Age.open(folder.content("output"), with: [identity]), content)
  }

  @Test func whatIsBehindTheOutputStays() throws {
    let folder = try TemporaryFolder()
    let tail = LongSample.prefix(5_000_000)
    let output = try folder.file("output", holding: tail)
    let input = try folder.file("input", holding: samples.last!.file)
    defer { for file in [input, output] { try? file.close() } }
    try Age.open(
      from: input, to: output, identities: [identity], limits: Header.Limits(), workerCount: 8,
      progress: NoProgress())
    let plain = samples.last!.plain
    expectSame(try folder.content("output"), plain + tail[plain.count...])
    #expect(try output.offset() == plain.count)
  }

  @Test func anOffsetBehindTheEndGivesAnEmptyMessage() throws {
    let folder = try TemporaryFolder()
    let input = try folder.file("input", holding: [1, 2, 3])
    let output = try folder.file("output", holding: [])
    defer { for file in [input, output] { try? file.close() } }
    try input.seek(offset: 10, from: .start)
    try Age.seal(from: input, to: output, recipients: [identity.recipient])
    #expect(try Age.open(folder.content("output"), with: [identity]) == [])
    #expect(try input.offset() == 10)
  }

  /// A file on a memory-backed file system has room for the greatest offset that there is.
  @Test(.enabled(if: FileManager.default.isWritableFile(atPath: "/dev/shm"), "needs /dev/shm"))
  func offsetsAtTheEndOfAllFiles() throws {
    let folder = try TemporaryFolder(in: "/dev/shm")
    let far = try folder.file("far", holding: [1])
    let near = try folder.file("near", holding: LongSample.prefix(200_000))
    let output = try folder.file("output", holding: [])
    defer { for file in [far, near, output] { try? file.close() } }
    guard (try? far.seek(offset: .max, from: .start)) != nil else { return }
    try Age.seal(from: far, to: output, recipients: [identity.recipient])
    #expect(try Age.open(folder.content("output"), with: [identity]) == [])
    expect(.io) { try Age.seal(from: near, to: far, recipients: [identity.recipient]) }
    // The header fits, and the payload does not.
    try far.seek(offset: .max - 1000, from: .start)
    expect(.io) { try Age.seal(from: near, to: far, recipients: [identity.recipient]) }
  }

  @Test func descriptorsThatAreOfNoUse() throws {
    let folder = try TemporaryFolder()
    let closed = try folder.file("closed", holding: [1])
    try closed.close()
    let file = try folder.file("file", holding: [1, 2, 3])
    let writeOnly = try FileDescriptor.open(folder.path.appending("file"), .writeOnly)
    try folder.write("other", [])
    let readOnly = try FileDescriptor.open(folder.path.appending("other"), .readOnly)
    let directory = try FileDescriptor.open(folder.path, .readOnly)
    defer { for file in [file, writeOnly, readOnly, directory] { try? file.close() } }
    let output = try folder.file("output", holding: [])
    defer { try? output.close() }
    for (input, output) in [
      (FileDescriptor(rawValue: 999_999), output), (file, FileDescriptor(rawValue: 999_999)),
      (writeOnly, output), (file, readOnly), (directory, output), (file, directory),
    ] {
      expect(.io) { try Age.seal(from: input, to: output, recipients: [identity.recipient]) }
      expect(.io, .header) { try Age.open(from: input, to: output, identities: [identity]) }
    }
  }
}
