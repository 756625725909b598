import CairnCore
import CairnCrypto
import Testing

@Suite("Fuzzing the armor")
struct ArmorFuzzTests {
  static let corpus: [[UInt8]] =
    [0, 1, 46, 47, 48, 49, 96, 97, 500].map { Armor.encode(sampleBytes($0)) }
    + [
      Array("\n\n\r   \t\n".utf8) + Armor.encode(sampleBytes(100)) + Array("\n\r\n ".utf8),
      Armor.encode(sampleBytes(200)).flatMap { $0 == 10 ? [13, 10] : [$0] },
    ]

  @Test func everyReaderAgreesWithTheReference() {
    Fuzzing.run(inputs: 4000) { mutator, _ in
      let text = mutator.mutate(mutator.pick(Self.corpus), splicing: Self.corpus)
      let expected = ReferenceArmor.decode(text)
      let inMemory = Result { () throws(CryptoError) in try Armor.decode(text) }
      guard (try? inMemory.get()) == expected else {
        Issue.record("in memory: \(inMemory), expected \(String(describing: expected))")
        return false
      }
      let first = stream(text, pieceSize: 1_000_000, bufferSize: 1_000_000)
      let second = stream(
        text, pieceSize: mutator.number(in: 1...100), bufferSize: mutator.number(in: 1...100))
      guard first == second, first.bytes == expected || first.error != nil,
        (first.error == nil) == (expected != nil),
        first.error == failure(of: inMemory).map(\.description)
      else {
        Issue.record("as a stream: \(first), in small pieces \(second), in memory \(inMemory)")
        return false
      }
      return true
    }
  }

  /// What a reader gave, and how it ended.
  private struct Outcome: Equatable {
    var bytes: [UInt8] = []
    var error: String?
  }

  private func stream(_ text: [UInt8], pieceSize: Int, bufferSize: Int) -> Outcome {
    var reader = ArmorReader(PiecemealReader(text, pieceSize: pieceSize))
    var outcome = Outcome()
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 1)
    defer { memory.deallocate() }
    do throws(CryptoError) {
      while true {
        var span = OutputRawSpan(buffer: memory, initializedCount: 0)
        let count = try reader.read(into: &span)
        if count == 0 { return outcome }
        outcome.bytes += memory[..<count]
      }
    } catch {
      #expect(error.code == .armor)
      outcome.error = error.description
      return outcome
    }
  }

  private func failure<T>(of result: Result<T, CryptoError>) -> CryptoError? {
    switch result {
    case .success: nil
    case .failure(let error): error
    }
  }
}
