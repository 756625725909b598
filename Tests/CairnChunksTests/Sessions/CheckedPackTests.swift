import CairnCore
import Synchronization
import Testing

@testable import CairnChunks

/// Packs like LZ4, but flips a bit of the n-th block before: memory that forgets.
private final class ForgetfulCompressor: Compressor {
  private let block: Int
  private let seen = Mutex(0)

  init(forgettingBlock block: Int) {
    self.block = block
  }

  var codec: UInt8 { LZ4().codec }

  func compress(_ raw: RawSpan, into output: inout OutputRawSpan) -> Bool {
    let number = seen.withLock { seen in
      defer { seen += 1 }
      return seen
    }
    guard number == block else { return LZ4().compress(raw, into: &output) }
    var changed = Array(raw)
    changed[changed.count / 2] ^= 4
    return LZ4().compress(changed.span.bytes, into: &output)
  }

  func decompress(_ packed: RawSpan, into output: inout OutputRawSpan) -> Bool {
    LZ4().decompress(packed, into: &output)
  }
}

@Suite struct CheckedPackTests {
  private let text = (0..<20_000).flatMap { "line \($0)\n".utf8 }

  @Test(arguments: [0, 3, 20])
  func aBitThatChangedInMemoryIsFoundBeforeItIsStored(block: Int) async throws {
    let target = MemoryTarget()
    let compressor = ForgetfulCompressor(forgettingBlock: block)
    let repository = try await Repository.createSmall(
      on: target, options: Repository.Options(compressor: compressor))
    let session = try await repository.startSession(.test)
    let error = try await storeError {
      let content = try await session.store(text)
      _ = try await session.publish(name: "a", chunk: content.root)
    }
    #expect(error.code == .damaged, "\(error)")
    #expect(try await target.names(BlobFolder.roots).isEmpty)
    #expect(try await storeError { try await session.flush() }.code == .damaged)
    // What did land is sound.
    let report = try await Repository.open(on: target).verify(VerifyOptions(.data))
    #expect(report.isSound)
  }
}
