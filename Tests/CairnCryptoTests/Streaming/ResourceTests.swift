import CairnCore
import Foundation
import SystemPackage
import Testing

@testable import CairnCrypto

#if os(Linux)
  /// In processes of their own, which they measure or limit.
  @Suite("Memory, threads and room that a stream takes")
  struct ResourceTests {
    static let megabyte = 1 << 20

    /// Seals and opens file to file, and returns the plaintext.
    static func roundTrip(
      _ plain: [UInt8], in folder: TemporaryFolder, workerCount: Int
    ) throws -> [UInt8] {
      let identity = try X25519Identity.generate()
      let input = try folder.file("input", holding: plain)
      let sealed = try folder.file("sealed", holding: [])
      let opened = try folder.file("opened", holding: [])
      defer { for file in [input, sealed, opened] { try? file.close() } }
      try Age.seal(
        from: input, to: sealed, recipients: [identity.recipient], workerCount: workerCount,
        progress: NoProgress())
      try sealed.seek(offset: 0, from: .start)
      try Age.open(
        from: sealed, to: opened, identities: [identity], limits: Header.Limits(),
        workerCount: workerCount, progress: NoProgress())
      return try folder.content("opened")
    }

    @Test func aShortMessageStartsNoThread() async {
      await #expect(processExitsWith: .success) {
        let folder = try TemporaryFolder()
        let pieceSize = Piece.segmentCount * Segment.plainSize
        let before = try ProcessFigures.threadCount
        for count in [0, 200, pieceSize] {
          let plain = LongSample.prefix(count)
          #expect(try ResourceTests.roundTrip(plain, in: folder, workerCount: 8) == plain)
          #expect(try ProcessFigures.threadCount == before)
        }
        _ = try ResourceTests.roundTrip(
          LongSample.prefix(pieceSize + 1), in: folder, workerCount: 8)
        #expect(try ProcessFigures.threadCount > before)
      }
    }

    @Test func fewerThreadsDoWhereThereAreNoMore() async {
      await #expect(processExitsWith: .success) {
        let folder = try TemporaryFolder()
        let plain = LongSample.prefix(5_000_000)
        _ = try ResourceTests.roundTrip(plain, in: folder, workerCount: 1)
        let before = try ProcessFigures.threadCount
        // Not enough for the stack of a thread.
        var limit = rlimit()
        limit.rlim_cur = try rlim_t(ProcessFigures.addressSpace + 3 * ResourceTests.megabyte)
        limit.rlim_max = limit.rlim_cur
        let input = try folder.file("input", holding: plain)
        let output = try folder.file("output", holding: [])
        let identity = try X25519Identity.generate()
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
        try Age.seal(
          from: input, to: output, recipients: [identity.recipient], workerCount: 8,
          progress: NoProgress())
        #expect(try ProcessFigures.threadCount == before)
        #expect(try output.offset() > plain.count)
      }
    }

    /// A limit of a file's size stands for a disk that is full.
    @Test func aFullDiskLeavesWhatIsSound() async {
      await #expect(processExitsWith: .success) {
        signal(SIGXFSZ, SIG_IGN)
        let folder = try TemporaryFolder()
        let identity = try X25519Identity.generate()
        let plain = LongSample.prefix(5_000_000)
        let input = try folder.file("input", holding: plain)
        let sealed = try folder.file("sealed", holding: Age.seal(plain, to: [identity.recipient]))
        var limit = rlimit(rlim_cur: 1_000_000, rlim_max: 1_000_000)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
        for kind in [OutputEnd.Kind.file, .appendedFile] {
          for workerCount in [1, 2, 8] {
            let comment: Comment = "\(kind), \(workerCount) workers"
            try input.seek(offset: 0, from: .start)
            let output = try OutputEnd(kind, in: folder)
            let error = #expect(throws: CryptoError.self) {
              try Age.seal(
                from: input, to: output.descriptor, recipients: [identity.recipient],
                workerCount: workerCount, progress: NoProgress())
            }
            #expect((error?.cause as? IOError)?.errno == .fileTooLarge, comment)
            var part = MemoryWriter()
            let file = try output.finish(comment)
            expect(.truncated, .payload) {
              try Age.open(from: MemoryReader(file), to: &part, identities: [identity])
            }
            #expect(part.bytes.count >= 3 * Piece.segmentCount * Segment.plainSize, comment)
            expectSame(part.bytes, Array(plain.prefix(part.bytes.count)), comment)

            try sealed.seek(offset: 0, from: .start)
            let opened = try OutputEnd(kind, in: folder)
            expect(.io) {
              try Age.open(
                from: sealed, to: opened.descriptor, identities: [identity],
                limits: Header.Limits(), workerCount: workerCount, progress: NoProgress())
            }
            let begin = try opened.finish(comment)
            #expect(begin.count >= 3 * Piece.segmentCount * Segment.plainSize, comment)
            expectSame(begin, Array(plain.prefix(begin.count)), comment)
          }
        }
      }
    }

    /// What a plain program has to spare of 16 MiB, and no more however long the stream is.
    static let memoryBound = 8 * megabyte
    static let longCount: Int64 = 256 << 20

    @Test func memoryIsBoundedFileToFile() async {
      await #expect(processExitsWith: .success) {
        let folder = try TemporaryFolder()
        let identity = try X25519Identity.generate()
        _ = try Age.open(Age.seal([1], to: [identity.recipient]), with: [identity])
        let input = try folder.file("input", holding: [])
        let sealed = try folder.file("sealed", holding: [])
        let opened = try folder.file("opened", holding: [])
        try input.resize(to: ResourceTests.longCount)
        try ProcessFigures.forgetPeak()
        let base = try ProcessFigures.memory
        try Age.seal(
          from: input, to: sealed, recipients: [identity.recipient], workerCount: 8,
          progress: NoProgress())
        try sealed.seek(offset: 0, from: .start)
        try Age.open(
          from: sealed, to: opened, identities: [identity], limits: Header.Limits(),
          workerCount: 8, progress: NoProgress())
        #expect(try opened.offset() == ResourceTests.longCount)
        #expect(try ProcessFigures.peakMemory - base < ResourceTests.memoryBound)
      }
    }

    @Test func memoryIsBoundedPipeToPipe() async {
      await #expect(processExitsWith: .success) {
        let identity = try X25519Identity.generate()
        _ = try Age.open(Age.seal([1], to: [identity.recipient]), with: [identity])
        let (plainReading, plainWriting) = try FileDescriptor.pipe()
        let (sealedReading, sealedWriting) = try FileDescriptor.pipe()
        let (openedReading, openedWriting) = try FileDescriptor.pipe()
        try ProcessFigures.forgetPeak()
        let base = try ProcessFigures.memory
        let feeder = Peer {
          let zeroes = [UInt8](repeating: 0, count: 65536)
          try plainWriting.closeAfter {
            for _ in 0..<ResourceTests.longCount / 65536 { _ = try plainWriting.writeAll(zeroes) }
          }
        }
        let sealer = Peer {
          try sealedWriting.closeAfter {
            try Age.seal(
              from: plainReading, to: sealedWriting, recipients: [identity.recipient],
              workerCount: 8, progress: NoProgress())
          }
        }
        let opener = Peer {
          try openedWriting.closeAfter {
            try Age.open(
              from: sealedReading, to: openedWriting, identities: [identity],
              limits: Header.Limits(), workerCount: 8, progress: NoProgress())
          }
        }
        var count: Int64 = 0
        var buffer = [UInt8](repeating: 1, count: 65536)
        while true {
          let got = try buffer.withUnsafeMutableBytes { try openedReading.read(into: $0) }
          if got == 0 { break }
          count += Int64(got)
        }
        try feeder.join()
        try sealer.join()
        try opener.join()
        #expect(count == ResourceTests.longCount)
        // Two streams are under way at once.
        #expect(try ProcessFigures.peakMemory - base < 2 * ResourceTests.memoryBound)
      }
    }
  }
#endif
